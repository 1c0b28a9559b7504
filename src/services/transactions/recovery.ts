/**
 * The recovery manager of a node: sees to it that no branch of its transactions stays prepared for ever. It lists what is
 * prepared at each resource, and starts a participant for every branch that has none; the participant asks for the
 * decision, and by presumed abort a transaction of which nothing is known was aborted.
 *
 * Resources are known by their names: one that has moved to another server is found there under the same name.
 */

import * as v from 'valibot';
import type { BranchId, ParticipantTimes, TwoPhaseCommit } from '../../../statecharts/two-phase-commit.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import type { Node } from '../../host/node.ts';
import type { Branch } from '../../resources/branch.ts';
import type { Places } from './decisions.ts';
import { originOf, partsOfTransactionId } from './ids.ts';
import type { Memory } from './memory.ts';
import type { TransactionTimes } from './options.ts';
import { createTaking } from './taking.ts';
import type { Participating } from './work.ts';

export const resourceReport = v.object({
  resource: v.string(),
  /** `unready`: it answers, and cannot be worked with; the problem says why. */
  state: v.picklist(['ready', 'unready', 'unreachable']),
  problem: v.optional(v.string()),
  /** Branches of this manager that are prepared there, and the age of the oldest. */
  prepared: v.number(),
  oldestMs: v.number(),
  /** Branches that this pass took up. */
  taken: v.number(),
  /**
   * Branches under this node's name that another journal gave out: it was lost or replaced, and with it the decisions.
   * They are left alone; a person must decide.
   */
  orphans: v.array(v.object({ manager: v.string(), transaction: v.string(), branch: v.string() })),
});
/** How a resource stood in a pass of recovery. */
export type ResourceReport = v.InferOutput<typeof resourceReport>;

export interface RecoveryParts {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly clock: Clock;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly places: Places;
  readonly memory: Pick<
    Memory,
    | 'incarnation'
    | 'isCommitted'
    | 'lastResourceIn'
    | 'mayDecide'
    | 'settleEarlierLives'
    | 'livesKept'
    | 'expireEarlierLives'
  >;
  readonly times: TransactionTimes;
  readonly participantTimes: ParticipantTimes;
  /** Whether the transaction is open in this life of the manager, so that its own actors see to it. */
  isOpen(transaction: string): boolean;
  /** The age of the oldest transaction that is open; undefined when that is not known, and nothing may be forgotten. */
  oldestOpenMs(): number | undefined;
  /** Settles what earlier lives left unsettled apart from prepared branches. */
  settle(): Promise<void>;
  /** Hears how each resource stands after a pass. */
  onReport(report: ResourceReport): void;
}

export interface Recovery {
  /** Makes a pass over all resources now; one that is under way is waited for and counts. */
  pass(): Promise<readonly ResourceReport[]>;
  /** What the last pass found. */
  readonly last: readonly ResourceReport[];
  /** Whether the sessions of earlier lives are known to be gone at a resource. */
  isFenced(resource: string): boolean;
  close(): void;
}

/** Decided branches are kept in the resource for this part of the retention longer than by the manager. */
const forgetShare = 1.25;
/** Resources forget nothing in a shorter life than that, unless so many lives have begun since they did. */
const maxLivesKept = 8;

/**
 * Ends the sessions that earlier lives of `manager` left at a resource, so that nothing of theirs is prepared or
 * committed afterwards.
 *
 * @returns what is in the way, if anything is
 */
export async function fenceSessions(
  resource: Participating,
  fence: Branch,
  timeoutMs: number,
): Promise<string | undefined> {
  const absence = await resource.writeAbsence(fence, { timeoutMs });
  if (absence.type === 'absent') return undefined;
  return 'reason' in absence ? absence.reason : 'the key of its fence was committed by somebody else';
}

/** Starts recovery: a pass now, and one after each interval until it is closed. */
export function startRecovery(parts: RecoveryParts): Recovery {
  const { node, clock, resources, times, memory } = parts;
  const origin = originOf(node.journal.id);
  const fenced = new Set<string>();
  const isSetUp = new Set<string>();
  const beganMs = clock.nowMs();
  /** Where sessions of earlier lives are gone, and none of their branches is prepared that a last resource decides. */
  const settled = new Set<string>();
  const forgotAtMs = new Map<string, number>();
  let last: readonly ResourceReport[] = [];
  let running: Promise<readonly ResourceReport[]> | undefined;
  let timeout: TimeoutHandle | undefined;
  let isClosed = false;

  const take = createTaking(parts);
  const recoverAt = async (name: string, resource: Participating): Promise<ResourceReport> => {
    const timeoutMs = times.resourceDeadlineMs;
    const blank = { resource: name, prepared: 0, oldestMs: 0, taken: 0, orphans: [] };
    try {
      if (!isSetUp.has(name)) {
        await resource.setup({ timeoutMs });
        isSetUp.add(name);
      }
      if (!fenced.has(name)) {
        const fence = {
          manager: node.id,
          transaction: `fence.${origin}.${memory.incarnation.toString(36)}`,
          branch: name,
        };
        const problem = await fenceSessions(resource, fence, timeoutMs);
        if (problem !== undefined) return { ...blank, state: 'unready', problem };
        fenced.add(name);
      }
      const prepared = await resource.prepared(node.id, { timeoutMs });
      const orphans: BranchId[] = [];
      const problems: string[] = [];
      let taken = 0;
      let oldestMs = 0;
      let isSettled = true;
      for (const { branch, ageMs } of prepared) {
        oldestMs = Math.max(oldestMs, ageMs);
        const id = partsOfTransactionId(branch.transaction);
        if (id?.origin !== origin) {
          orphans.push({ ...branch });
          continue;
        }
        if (id.kind === 'last' && id.incarnation < memory.incarnation) isSettled = false;
        const came = take(name, branch);
        if (came === true) taken += 1;
        else if (came !== false) problems.push(came);
      }
      if (isSettled) settled.add(name);
      const found = { resource: name, prepared: prepared.length, oldestMs, taken, orphans };
      const [problem] = problems;
      return problem === undefined ? { ...found, state: 'ready' } : { ...found, state: 'unready', problem };
    } catch (error) {
      return { ...blank, state: 'unreachable', problem: messageOf(error) };
    }
  };

  /**
   * Whether earlier lives have nothing prepared at a resource that only their last resource could end. One that was taken
   * away from the manager is waited for as long as a resource remembers; then its branches are left to a person.
   */
  const isSettledAt = (name: string): boolean =>
    settled.has(name) || (resources[name] === undefined && clock.nowMs() - beganMs > times.retentionMs * forgetShare);
  /**
   * Whether transactions of earlier lives may expire. Their age is not known here, but is more than that of this life. A
   * manager whose lives are all short does not wait, so that what its resources remember has an end.
   */
  const mayExpire = (): boolean =>
    clock.nowMs() - beganMs >= times.retentionMs * forgetShare || memory.livesKept > maxLivesKept;
  /**
   * Lets the resource forget branches that are not asked for again.
   *
   * @returns why it does not, if it does not answer
   */
  const forgetAt = async (name: string, resource: Participating): Promise<string | undefined> => {
    const openMs = parts.oldestOpenMs();
    const lastMs = forgotAtMs.get(name);
    if (openMs === undefined || memory.mayDecide(name) || !mayExpire()) return undefined;
    if (lastMs !== undefined && clock.nowMs() - lastMs < times.retentionMs * (forgetShare - 1)) return undefined;
    const olderThanMs = Math.ceil(times.retentionMs * forgetShare + openMs);
    try {
      await memory.expireEarlierLives();
      await resource.forget(node.id, { olderThanMs, timeoutMs: times.resourceDeadlineMs });
    } catch (error) {
      return messageOf(error);
    }
    forgotAtMs.set(name, clock.nowMs());
    return undefined;
  };

  const passNow = async (): Promise<readonly ResourceReport[]> => {
    const found = await Promise.all(
      Object.entries(resources).map(async ([name, resource]) => ({
        resource,
        report: await recoverAt(name, resource),
      })),
    );
    memory.settleEarlierLives(isSettledAt);
    const reports = await Promise.all(
      found.map(async ({ resource, report }) => {
        const problem = report.state === 'ready' ? await forgetAt(report.resource, resource) : undefined;
        const now: ResourceReport = problem === undefined ? report : { ...report, state: 'unreachable', problem };
        parts.onReport(now);
        return now;
      }),
    );
    await parts.settle();
    last = reports;
    return reports;
  };
  const pass = (): Promise<readonly ResourceReport[]> => {
    if (running !== undefined) return running;
    if (timeout !== undefined) clock.clearTimeout(timeout);
    running = passNow().finally(() => {
      running = undefined;
      if (isClosed || !node.isRunning) return;
      const isWell = last.length > 0 && last.every((it) => it.state === 'ready');
      timeout = clock.setTimeout(() => void pass(), isWell ? times.recoveryIntervalMs : times.retryIntervalMs);
    });
    running.catch(() => undefined);
    return running;
  };

  return {
    pass,
    get last() {
      return last;
    },
    isFenced: (resource) => fenced.has(resource),
    close() {
      isClosed = true;
      if (timeout !== undefined) clock.clearTimeout(timeout);
    },
  };
}
