/**
 * Requests about members, at the node that leads. Each comes here once the leader knows that a majority follows it: a
 * change that cannot be committed is not begun. It is answered when it is over, and may be asked for again meanwhile.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import type { LogMembers, LogMembership, MemberChange } from '../log/members.ts';
import type { LogEvent } from '../log/replicated-log.ts';
import type { Desk, Waiting } from '../requests/desk.ts';
import type { Body } from '../requests/wire.ts';

/** A request about members. */
export type MemberBody = Extract<Body, { type: 'members' | 'replace' }>;
type Asked = Waiting<Extract<Body, { type: 'replace' }>>;

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
      membership.replace(id, item.body);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      asked.delete(id);
      desk.refuse(item, 'overloaded', undefined, error.message);
    }
  };
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
      else if (membership.whyFixed !== undefined) desk.refuse(item, 'not-replaced', undefined, membership.whyFixed);
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
      else desk.refuse(item, 'not-replaced', leader, reason);
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
        else desk.refuse(item, 'not-replaced', undefined, 'given-up');
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

const isDone = ({ voters, retired, isSettled }: LogMembers, { leaving, joining }: MemberChange): boolean =>
  isSettled && voters.includes(joining) && retired.includes(leaving);

/** Whether what is under way is this change. */
function isUnderWay({ change, nextVoters, voters, retired, isSettled }: LogMembers, asked: MemberChange): boolean {
  const { leaving, joining } = asked;
  if (change !== null) return change.leaving === leaving && change.joining === joining;
  if (nextVoters !== null) return nextVoters.includes(joining) && !nextVoters.includes(leaving);
  return !isSettled && voters.includes(joining) && retired.includes(leaving);
}
