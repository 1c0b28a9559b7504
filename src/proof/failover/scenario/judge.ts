/** What is asked of a simulated group after every event, and what must have happened in some run. */

import type { Standing } from '../../../../statecharts/failover.ts';
import { keyValue } from '../../../history.ts';
import type { MemoryGroup } from '../../../resources/managed/memory.ts';
import type { OperationEnd, World } from '../../../simulator/scenario.ts';
import type { PlannedOperation } from '../../../simulator/schedule.ts';
import type { Problem } from '../../claim.ts';
import { createClientHistory } from '../../client-history.ts';
import { inOrder, oneServer, type Reign, survives, type Told } from '../claims.ts';
import type { FailoverApplication } from './machine.ts';
import type { GroupOperation } from './operations.ts';
import { serverNames } from './servers.ts';

export const failoverGoals = [
  'a write was acknowledged',
  'a dead primary was replaced',
  'a primary that lived was replaced',
  'a switchover was completed',
  'an old primary came back as a standby',
  'another manager completed what one had begun',
  'the in-sync set grew after a failover',
  'the in-sync set was shrunk',
  'the group was degraded, and recovered',
  'the operator allowed a loss',
] as const;
type Goal = (typeof failoverGoals)[number];

/** How a client's operation at a server began. */
export interface Asked {
  readonly write: string;
  readonly server: string;
  readonly isLate: boolean;
}

/** Watches one run. */
export interface FailoverJudge {
  /** A client has sent a write to a server. */
  asked(write: string, server: string): Asked;
  acknowledged(asked: Asked): void;
  invoked(operation: PlannedOperation, asked: GroupOperation, nowMs: number): void;
  ended(operation: PlannedOperation, asked: GroupOperation, outcome: OperationEnd, nowMs: number): void;
  check(world: World<FailoverApplication>): Problem;
  finish(): Problem;
  readonly reached: ReadonlySet<Goal>;
}

/** What is remembered of an election, by its epoch. */
interface Election {
  readonly term: number;
  readonly reason: Standing['reason'];
  readonly wasAlive: boolean;
}

/** @param down the servers that do not run, now */
export const createFailoverJudge = (group: MemoryGroup, down: ReadonlySet<string>): FailoverJudge =>
  new Judge(group, down);

class Judge implements FailoverJudge {
  readonly reached = new Set<Goal>();
  readonly #group: MemoryGroup;
  readonly #down: ReadonlySet<string>;
  readonly #history = createClientHistory(keyValue());
  readonly #told: Told[] = [];
  readonly #reigns = new Map<string, number>();
  readonly #wasDegraded = new Set<number>();
  readonly #elections = new Map<number, Election>();
  #standing: Standing | undefined;
  /** From this epoch on, what was acknowledged before may be missing. */
  #lossSince = Number.POSITIVE_INFINITY;
  #problem: Problem;

  constructor(group: MemoryGroup, down: ReadonlySet<string>) {
    this.#group = group;
    this.#down = down;
  }

  asked(write: string, server: string): Asked {
    const epoch = this.#epochOf(server);
    return { write, server, isLate: this.#told.some((it) => it.epoch > epoch) };
  }

  acknowledged({ write, server, isLate }: Asked): void {
    const told: Told = { write, server, isLate, epoch: this.#epochOf(server) };
    this.reached.add('a write was acknowledged');
    // Where a loss is allowed, too few may be fenced to silence the old primary.
    if (told.epoch >= this.#lossSince || !Number.isFinite(this.#lossSince)) this.#problem ??= inOrder(told);
    for (const other of this.#told) this.#problem ??= oneServer(told, other);
    for (const reign of this.#reignsNow()) this.#problem ??= this.#survives(told, reign);
    this.#told.push(told);
  }

  invoked(operation: PlannedOperation, asked: GroupOperation, nowMs: number): void {
    if (asked.f !== 'put' && asked.f !== 'get') return;
    const { f, key } = asked;
    this.#history.invoked(operation, f === 'put' ? { f, key, value: asked.value } : { f, key }, nowMs);
  }

  ended(operation: PlannedOperation, { f }: GroupOperation, outcome: OperationEnd, nowMs: number): void {
    const call = this.#history.answered(operation, nowMs);
    if (outcome.type === 'failed') call?.fail(outcome.reason);
    else if (outcome.type === 'unknown') call?.info(outcome.reason);
    else if (f === 'get') call?.ok(outcome.value);
    else call?.ok();
  }

  check({ machines }: World<FailoverApplication>): Problem {
    for (const { id, app } of machines) {
      if (app?.mistake !== undefined) this.#problem ??= `an actor on ${id} has ended: ${app.mistake}`;
      const standing = app?.register.current.standing;
      if (standing !== undefined && standing.revision > (this.#standing?.revision ?? -1)) this.#learn(standing);
    }
    for (const reign of this.#reignsNow()) {
      if (this.#reigns.get(reign.server) === reign.epoch) continue;
      this.#reigns.set(reign.server, reign.epoch);
      for (const told of this.#told) this.#problem ??= this.#survives(told, reign);
    }
    this.#noteReturn();
    return this.#problem;
  }

  /** Where something may be missing, clients may see that. */
  finish(): Problem {
    return this.#problem ?? (Number.isFinite(this.#lossSince) ? undefined : this.#history.problem());
  }

  #survives(told: Told, reign: Reign): Problem {
    const mayBeLost = told.epoch < this.#lossSince && reign.epoch >= this.#lossSince;
    return mayBeLost ? undefined : survives(told, reign);
  }

  #epochOf(server: string): number {
    return this.#group.status(server).mark?.epoch ?? 0;
  }

  #reignsNow(): readonly Reign[] {
    return serverNames.flatMap((server): Reign[] => {
      const { role, mark } = this.#group.status(server);
      if (role !== 'primary' || mark === null) return [];
      return [{ server, epoch: mark.epoch, holds: (write) => this.#group.contents(server).includes(write) }];
    });
  }

  #learn(standing: Standing): void {
    const before = this.#standing;
    this.#standing = standing;
    const { epoch, term, reason, phase, allowedLoss, primary } = standing;
    if (before !== undefined && (term < before.term || epoch < before.epoch)) {
      this.#problem ??= `the standing went back, from term ${before.term}, epoch ${before.epoch} to ${term}, ${epoch}`;
    }
    if (allowedLoss !== null) {
      this.#lossSince = Math.min(this.#lossSince, allowedLoss);
      this.reached.add('the operator allowed a loss');
    }
    if (phase === 'fencing' && epoch > (before?.epoch ?? 0)) {
      const leader = primary?.server ?? '';
      const wasAlive = leader !== '' && this.#group.status(leader).role === 'primary' && !this.#down.has(leader);
      this.#elections.set(epoch, { term, reason, wasAlive });
    }
    this.#noteChange(before, standing);
  }

  #noteChange(before: Standing | undefined, { epoch, term, phase, inSync, shrinking, version }: Standing): void {
    if (before === undefined) return;
    const election = this.#elections.get(epoch);
    if (phase === 'redirecting' && before.phase !== 'redirecting' && election !== undefined) {
      const { reason, wasAlive } = election;
      if (reason === 'switchover') this.reached.add('a switchover was completed');
      else if (reason === 'primary-dead') {
        this.reached.add(wasAlive ? 'a primary that lived was replaced' : 'a dead primary was replaced');
      }
      if (election.term < term) this.reached.add('another manager completed what one had begun');
      if (this.#wasDegraded.has(epoch)) this.reached.add('the group was degraded, and recovered');
    }
    if (phase === 'degraded') this.#wasDegraded.add(epoch);
    if (before.epoch !== epoch || version <= before.version) return;
    if (inSync.length > before.inSync.length && epoch > 1) this.reached.add('the in-sync set grew after a failover');
    if (shrinking === null && before.shrinking !== null && inSync.length < before.inSync.length) {
      this.reached.add('the in-sync set was shrunk');
    }
  }

  #noteReturn(): void {
    const primary = this.#standing?.primary?.server;
    if (primary === undefined || this.reached.has('an old primary came back as a standby')) return;
    for (const [server] of this.#reigns) {
      const { follows, isLinked } = this.#group.status(server);
      if (server !== primary && follows === primary && isLinked)
        this.reached.add('an old primary came back as a standby');
    }
  }
}
