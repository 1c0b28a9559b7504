/**
 * Requests about members, at the node that leads. Each comes here once the leader knows that a majority follows it: a
 * change that cannot be committed is not begun. It is answered when it is over, and may be asked for again meanwhile.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import type { LogMembers, LogMembership, MemberChange, MemberStep } from '../log/members.ts';
import type { LogEvent } from '../log/replicated-log.ts';
import type { Desk, Waiting } from '../requests/desk.ts';
import type { Body } from '../requests/wire.ts';

/** A request about members. */
export type MemberBody = Extract<Body, { type: 'members' | 'replace' | 'reconfigure' }>;
type ChangeBody = Extract<Body, { type: 'replace' | 'reconfigure' }>;
type Asked = Waiting<ChangeBody>;

export interface MemberChanges {
  take(item: Waiting<MemberBody>): void;
  event(event: Extract<LogEvent, { type: 'reconfiguring' | 'notReconfigured' }>): void;
  /** The members, or what of them is committed, may have changed. */
  changed(): void;
  /** This node leads no more: the next leader goes on with the change. */
  stepDown(): void;
}

/** Requests for the change that is under way, which wait for its end. */
const waitersLimit = 100;

/** Makes the desk of one server. `nextId` numbers requests of the log. */
export function createMemberChanges(
  clock: Clock,
  membership: LogMembership,
  desk: Desk,
  nextId: () => number,
): MemberChanges {
  /** What the log was asked, and has not answered. */
  const asked = new Map<number, Asked>();
  let waiters: { readonly item: Asked; readonly sinceIndex: number }[] = [];

  const begin = (item: Asked): void => {
    const id = nextId();
    asked.set(id, item);
    try {
      const { body } = item;
      if (body.type === 'replace') membership.replace(id, body);
      else membership.reconfigure(id, body.step);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      asked.delete(id);
      desk.refuse(item, 'overloaded', undefined, error.message);
    }
  };
  const unchanged = (item: Asked, detail: string, leader?: string): void =>
    desk.refuse(item, item.body.type === 'replace' ? 'not-replaced' : 'members-unchanged', leader, detail);
  const unknown = (item: Asked): void =>
    desk.answer(item, { id: item.id, status: 'unknown', reason: 'leadership-lost' });

  return {
    take(item) {
      const members = membership.members();
      const { id, body } = item;
      if (body.type === 'members') {
        desk.answer(item, { id, status: 'done', value: members });
        return;
      }
      const replacing = { ...item, body };
      // Nothing begins of which the asker hears no more.
      if (item.expiresAtMs !== undefined && clock.nowMs() >= item.expiresAtMs) desk.refuse(item, 'unavailable');
      else if (isDone(members, body)) desk.answer(item, { id, status: 'done', value: members });
      else if (membership.whyFixed !== undefined) unchanged(replacing, membership.whyFixed);
      else if (!isUnderWay(members, body)) begin(replacing);
      else if (waiters.length >= waitersLimit) desk.refuse(item, 'overloaded');
      else waiters.push({ item: replacing, sinceIndex: members.index });
    },
    event(event) {
      const item = asked.get(event.id);
      if (item === undefined) return;
      asked.delete(event.id);
      if (event.type === 'reconfiguring') {
        waiters.push({ item, sinceIndex: event.index });
        return;
      }
      const { reason, leader } = event;
      if (reason === 'not-leader' || reason === 'not-ready') desk.refuse(item, reason, leader);
      else unchanged(item, event.behind === undefined ? reason : `${reason}:${event.behind}`, leader);
    },
    changed() {
      if (waiters.length === 0) return;
      const members = membership.members();
      if (!members.isSettled) return;
      const due = waiters.filter(({ sinceIndex }) => members.index >= sinceIndex);
      if (due.length === 0) return;
      waiters = waiters.filter(({ sinceIndex }) => members.index < sinceIndex);
      for (const { item } of due) {
        if (isDone(members, item.body)) desk.answer(item, { id: item.id, status: 'done', value: members });
        else unchanged(item, 'given-up');
      }
      desk.flush();
    },
    stepDown() {
      for (const item of asked.values()) unknown(item);
      for (const { item } of waiters) unknown(item);
      asked.clear();
      waiters = [];
    },
  };
}

const isDone = (members: LogMembers, body: ChangeBody): boolean =>
  members.isSettled && (body.type === 'replace' ? isReplaced(members, body) : isStepMade(members, body.step));

/** Whether what is under way is this change. */
const isUnderWay = (members: LogMembers, body: ChangeBody): boolean =>
  !members.isSettled && (body.type === 'replace' ? isReplacing(members, body) : isStepUnderWay(members, body.step));

const isReplaced = ({ voters, retired }: LogMembers, { leaving, joining }: MemberChange): boolean =>
  voters.includes(joining) && retired.includes(leaving);

function isReplacing(members: LogMembers, asked: MemberChange): boolean {
  const { change, nextVoters } = members;
  const { leaving, joining } = asked;
  if (change !== null) return change.leaving === leaving && change.joining === joining;
  if (nextVoters !== null) return nextVoters.includes(joining) && !nextVoters.includes(leaving);
  return isReplaced(members, asked);
}

/** Whether the members are as the change leaves them. */
function isStepMade({ voters, learners, retired, places }: LogMembers, step: MemberStep): boolean {
  const { node } = step;
  switch (step.kind) {
    case 'add':
      return learners.includes(node) && places[node] === step.place;
    case 'promote':
      return voters.includes(node);
    case 'remove':
      return retired.includes(node);
    case 'move':
      return (voters.includes(node) || learners.includes(node)) && places[node] === step.place;
  }
}

function isStepUnderWay(members: LogMembers, step: MemberStep): boolean {
  const { change, nextVoters, voters } = members;
  if (change !== null) return false;
  if (nextVoters === null) return isStepMade(members, step);
  // Joint: one voter comes, or one goes.
  const { kind, node } = step;
  if (kind === 'promote')
    return nextVoters.length > voters.length && nextVoters.includes(node) && !voters.includes(node);
  return kind === 'remove' && nextVoters.length < voters.length && voters.includes(node) && !nextVoters.includes(node);
}
