/** What is asked about members, and answered, as it is checked on the asker's side. */

import * as v from 'valibot';
import { isId } from '../../../../statecharts/actor.ts';
import { isPlace } from '../../../../statecharts/raft.ts';
import { MalformedRequestError } from '../errors.ts';
import { type LogMembers, logMembers, type MemberChange, type MemberStep } from '../log/members.ts';
import { isMemberStep } from './wire.ts';

/** @throws MalformedRequestError */
export function checkChange({ leaving, joining, place }: MemberChange): void {
  if (isId(leaving) && isId(joining) && isPlace(place)) return;
  throw new MalformedRequestError(`expected two node ids and host:port, got '${leaving}', '${joining}' and '${place}'`);
}

/** @throws MalformedRequestError */
export function checkStep(step: MemberStep): void {
  if (isMemberStep(step)) return;
  throw new MalformedRequestError(`expected a change of one node, got ${JSON.stringify(step)}`);
}

/** The node that an answer names. @throws MalformedRequestError */
export function nodeIn(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new MalformedRequestError(
    'expected the id of the node that leads, got something else; are all nodes up to date?',
  );
}

/** The members that an answer lists. @throws MalformedRequestError */
export function membersIn(value: unknown): LogMembers {
  const parsed = v.safeParse(logMembers, value);
  if (parsed.success) return parsed.output;
  throw new MalformedRequestError('expected the members of the store, got something else; are all nodes up to date?');
}
