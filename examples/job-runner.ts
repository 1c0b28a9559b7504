/**
 * An application's own machine that reacts to a role: a job runner on every node, of which only that of the leader's
 * node works. When that node stops, another one takes over.
 */

import { assign, createActor, not, setup, waitFor } from 'xstate';
import {
  addressOf,
  createMemoryJournal,
  createMemoryNetwork,
  createNode,
  type Environment,
  following,
  type HandleOf,
  systemEnvironment,
} from '../src/index.ts';
import { raftServer } from '../statecharts/raft.ts';

/**
 * Does a job now and then. Two nodes may think for a moment that they lead, an old leader that is cut off and its
 * successor. So each job carries its leader's term as a fencing token: whoever stores the result refuses a lower term
 * than the highest that it has seen.
 */
export type Job = (term: number) => void;

interface Context {
  /** The term in which this node leads, if it does. */
  readonly term: number | undefined;
}

/** The machine. It invokes the node's Raft server, which goes on when the machine stops. */
export const jobRunner = (raft: HandleOf<typeof raftServer>, job: Job) =>
  setup({
    types: { context: {} as Context },
    actors: { raft: following(raft) },
    actions: { work: ({ context: { term } }) => term !== undefined && job(term) },
    guards: { leads: ({ context: { term } }) => term !== undefined },
    delays: { interval: 200 },
  }).createMachine({
    id: 'job-runner',
    context: { term: undefined },
    invoke: {
      src: 'raft',
      onSnapshot: {
        actions: assign({
          term: ({ event: { snapshot } }) => (snapshot.hasTag('leader') ? snapshot.context.term : undefined),
        }),
      },
      onDone: '.over',
      onError: '.over',
    },
    initial: 'resting',
    states: {
      resting: { always: { guard: 'leads', target: 'working' } },
      working: {
        entry: 'work',
        always: { guard: not('leads'), target: 'resting' },
        after: { interval: { target: 'working', reenter: true } },
      },
      /** The Raft server has ended: with its node, or because it failed. */
      over: { type: 'final' },
    },
  });

/** Runs three nodes; stops the one that works; ends when another one has taken over. */
export async function handOver(environment: Environment = systemEnvironment(), print = console.log) {
  const network = createMemoryNetwork(environment);
  const ids = ['n1', 'n2', 'n3'];
  const voters = ids.map((id) => addressOf(id, raftServer.name, 'jobs'));
  const members = ids.map((id) => {
    const journal = createMemoryJournal({ node: id, ...environment });
    const node = createNode({ id, bus: network.join(id), journal, environment });
    const raft = node.start(raftServer, { key: 'jobs', input: { voters } });
    const machine = jobRunner(raft, (term) => print(`${id} works, in term ${term}`));
    return { id, node, runner: createActor(machine, { clock: environment.clock }).start() };
  });
  type Member = (typeof members)[number];
  const worker = (among: readonly Member[]): Promise<Member> =>
    Promise.race(among.map((it) => waitFor(it.runner, (snapshot) => snapshot.matches('working')).then(() => it)));

  const first = await worker(members);
  print(`${first.id} is stopped`);
  await first.node.stop();
  await waitFor(first.runner, (snapshot) => snapshot.status === 'done');
  await worker(members.filter((it) => it !== first));
  await Promise.all(members.map(({ node }) => node.stop()));
}

if (process.argv[1] === import.meta.filename) await handOver();
