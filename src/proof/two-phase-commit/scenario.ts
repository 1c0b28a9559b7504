/**
 * Two-phase commit under simulation, whole: machines with transaction managers, and databases outside of them. Clients
 * move money between databases while machines crash, pause and lose touch, disks fail, and databases restart, break
 * connections and answer late; whatever happens, each transaction has one outcome, everywhere, and comes to it.
 *
 * There are four forms. `2pc` keeps decisions in the journal of the machine that began the transaction, and so promises
 * an end only once that machine is back. So does `2pc-last`, in which one resource is not prepared, and its own commit
 * is the decision; each life of a machine draws which one, if any. `2pc-register` keeps decisions in a register that a
 * majority of the machines replicates, and promises an end as soon as a majority is well, whoever is dead, paused or
 * cut off; so does `2pc-paxos`, in which the machines are the acceptors of Paxos Commit.
 */

import * as v from 'valibot';
import {
  acceptorRules,
  coordinatorRules,
  defineTwoPhaseCommit,
  participantRules,
} from '../../../statecharts/two-phase-commit.ts';
import { chance, pick } from '../../environment/random.ts';
import { createDatabaseServer, type DatabaseServer } from '../../simulator/database.ts';
import type { OperationEnd, StagedScenario, Watch } from '../../simulator/scenario.ts';
import { probing } from '../operations.ts';
import type { BrokenParts } from './broken-parts.ts';
import { type BankApplication, bootBank } from './scenario/bank.ts';
import { commonGoals, createInvariants, type Invariants, lastGoals, registerGoals } from './scenario/invariants.ts';
import {
  accounts,
  type DatabaseName,
  type DecidingPlace,
  databases,
  deciding,
  openingBalance,
  operationSchema,
  outlives,
  planOperations,
  type Transfer,
  writtenBy,
} from './scenario/operations.ts';
import { loggedWitness } from './scenario/witness.ts';

export interface TwoPhaseCommitScenarioOptions {
  /** Where decisions are kept. Default `journal`. */
  readonly place?: DecidingPlace;
  readonly broken?: BrokenParts;
}

/** What each form is called, and what must happen in some run of it. */
const forms: Readonly<Record<DecidingPlace, { readonly name: string; readonly goals: readonly string[] }>> = {
  journal: { name: '2pc', goals: commonGoals },
  last: { name: '2pc-last', goals: [...commonGoals, ...lastGoals] },
  register: { name: '2pc-register', goals: [...commonGoals, ...registerGoals] },
  paxos: { name: '2pc-paxos', goals: [...commonGoals, ...registerGoals] },
};

/** Short, so that acceptors remind managers several times in a run. */
const reminderIntervalMs = 5_000;
/** How often it is looked whether everything is over, and for how long, in milliseconds. */
const lookIntervalMs = 50;
const looks = 40;

/** The scenario over the true parts, or over broken ones that must be found out. */
export function twoPhaseCommitScenario(options: TwoPhaseCommitScenarioOptions = {}): StagedScenario<BankApplication> {
  const { place = 'journal', broken = {} } = options;
  const protocol = defineTwoPhaseCommit({
    coordinator: { rules: { ...coordinatorRules, ...broken.coordinator }, revivedBy: 'application' },
    participant: { rules: { ...participantRules, ...broken.participant } },
    acceptor: { rules: { ...acceptorRules, ...broken.acceptor }, times: { reminderIntervalMs } },
  });
  return {
    name: forms[place].name,
    minNodes: 1,
    awaits: true,
    heals: outlives(place) ? 'quorum-alone' : 'all',
    serverNames: databases,
    goals: forms[place].goals,
    plan: (machines, durationMs, random) => planOperations(machines, durationMs, random, place),
    probe: (machine, atMs) => probing(machine, atMs, { f: 'probe' }),
    stage({ time, randomness, log }) {
      const transfers = new Map<string, Transfer>();
      const invariants = createInvariants((note) => {
        const transfer = transfers.get(note);
        return transfer === undefined ? undefined : writtenBy(transfer);
      });
      const witness = loggedWitness(invariants.witness, log);
      const serverOf = (name: DatabaseName): DatabaseServer => {
        const random = randomness.stream(`server/${name}`);
        return createDatabaseServer({
          name,
          balances: new Map(accounts.map((account) => [account, openingBalance])),
          // As MariaDB does it; or anybody may end a prepared branch by its name, as with PostgreSQL.
          ties: chance(random, 0.5),
          time,
          random,
          witness,
          ...(broken.database === undefined ? {} : { mistakes: broken.database }),
        });
      };
      const servers = { checking: serverOf('checking'), savings: serverOf('savings'), cards: serverOf('cards') };
      const all = Object.values(servers);
      const deciders = randomness.stream('last');
      const well = new Set<string>();
      let machineCount = 0;
      let probes = 0;
      let probing = false;

      const isOver = (): boolean => all.every((server) => server.residue().length === 0);
      /** One machine after the other shows that nothing is left that keeps it from its work. */
      const probe = async (app: BankApplication): Promise<OperationEnd> => {
        if (probing) return { type: 'failed', reason: 'another machine is being probed' };
        if (!app.isReady || (!outlives(place) && well.has(app.node.id))) return { type: 'failed', reason: 'not now' };
        probing = true;
        probes += 1;
        const swept = await app.sweep(`probe${probes}`);
        probing = false;
        if (swept.type !== 'ok') return swept;
        for (let look = 0; look < looks && !isOver(); look += 1) {
          await new Promise<void>((resolve) => time.setTimeout(resolve, lookIntervalMs));
        }
        if (!isOver()) return { type: 'failed', reason: 'something is left' };
        well.add(app.node.id);
        return outlives(place) || well.size === machineCount
          ? { type: 'ok', value: null }
          : { type: 'failed', reason: 'others are not probed yet' };
      };
      return {
        servers: new Map(all.map((server) => [server.name, server])),
        boot(boot) {
          machineCount = boot.machines.length;
          return bootBank({
            boot,
            time,
            servers,
            witness,
            place,
            // What earlier lives left prepared is still decided by theirs.
            last: place === 'last' ? pick(deciders, [...deciding, undefined]) : undefined,
            protocol,
            fencesNobody: broken.fencesNobody ?? false,
          });
        },
        perform(app, { operation }, done) {
          const asked = v.parse(operationSchema, operation);
          const run = (): Promise<OperationEnd> => {
            switch (asked.f) {
              case 'transfer':
                transfers.set(asked.note, asked);
                return app.transfer(asked);
              case 'take-over':
                return app.takeOver(asked.of);
              case 'probe':
                return probe(app);
            }
          };
          run().then(done, (error: unknown) => done({ type: 'unknown', reason: String(error) }));
        },
        watch: () => createWatch(invariants, all, transfers, place),
      };
    },
  };
}

function createWatch(
  invariants: Invariants,
  servers: readonly DatabaseServer[],
  transfers: ReadonlyMap<string, Transfer>,
  place: DecidingPlace,
): Watch<BankApplication> {
  const opening = servers.length * accounts.length * openingBalance;
  return {
    died(machine) {
      invariants.died(machine);
      for (const server of servers) server.machineDied(machine);
    },
    check: () => invariants.problem,
    finish({ machines }) {
      const problem = invariants.problem ?? invariants.finish();
      if (problem !== undefined) return problem;
      let total = servers.reduce((sum, server) => sum + server.total, 0);
      for (const { id, app } of outlives(place) ? [] : machines) {
        if (app === undefined) return `${id} is down, and should be well`;
        for (const account of accounts) total += Number(app.till.peek(account) ?? 0);
        for (const { note, legs } of transfers.values()) {
          const isMarked = app.till.peek(`mark/${note}`) !== undefined;
          if (isMarked && !invariants.committedOf(note))
            return `atomicity: '${note}' is committed in the till of ${id} alone`;
          if (!isMarked || legs.some(({ at }) => at === 'till')) continue;
          return `'${note}' is in the till of ${id}, where it does not belong`;
        }
      }
      return total === opening ? undefined : `money: there were ${opening}, and now there are ${total}`;
    },
    hindrance: () =>
      servers
        .flatMap((server) => server.residue())
        .slice(0, 8)
        .join('; ') || undefined,
    // An heir keeps databases from preparing as others keep last resources from committing.
    goals: () => new Set(forms[place].goals.filter((goal) => invariants.reached.has(goal))),
  };
}
