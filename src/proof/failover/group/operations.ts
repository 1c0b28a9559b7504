/** What servers do when managers ask them: as the conformance suite of managed servers has it, without time. */

import type { Result, Tagged } from '../../../../statecharts/actor.ts';
import type { Confirming, ServerOperation } from '../../../../statecharts/failover/servers.ts';
import type { AskedBy, ResourceStep } from '../../../checker.ts';
import { ended } from './clients.ts';
import { type Entry, type Group, isHeldByAll, markOf, type Server, serverOf, statusOf, withServer } from './state.ts';

type Claimed = Exclude<ServerOperation, { type: 'look' | 'start' | 'stop' | 'claim' }>;

/** What is left of `confirmWith` once the mark is written. */
interface Awaiting extends Tagged {
  readonly type: 'awaiting';
  readonly inSync: readonly string[];
  readonly offset: number;
  readonly history: string;
}
export type GroupOperation = ServerOperation | Awaiting;

type Step = ResourceStep<Group>;

const refused = (group: Group, code: 'CLAIM_LOST' | 'NOT_POSSIBLE'): readonly Step[] => [
  { state: group, result: { type: 'refused', error: code } },
];
const unknown = (group: Group, error: string): readonly Step[] => [
  { state: group, result: { type: 'unknown', error } },
];
const done = (group: Group, name: string): readonly Step[] => {
  const result: Result = { type: 'done', value: statusOf(serverOf(group, name)) };
  return [{ state: group, result }];
};

/** The number of the session over which `actor` asks; 0 where it has none. */
export const sessionOf = (group: Group, { actor, part }: Pick<AskedBy, 'actor' | 'part'>): number => {
  const session = group.servers[part]?.session;
  return session?.holder === actor ? session.number : 0;
};

/** All ways in which an operation may go on at the server `asked.part`. */
export function operate(group: Group, operation: GroupOperation, asked: AskedBy): readonly Step[] {
  const { part, actor, connection } = asked;
  const server = serverOf(group, part);
  if (server.life === 'down') return unknown(group, 'nothing listens there');
  // It may go on before the asker loses patience.
  if (server.life === 'paused') return [];
  switch (operation.type) {
    case 'look':
    case 'start':
    case 'stop':
      return done(group, part);
    case 'claim': {
      if (operation.term < (server.session?.term ?? 0)) return refused(group, 'CLAIM_LOST');
      const number = server.claims + 1;
      const obeyed = Math.max(server.obeyed, operation.term);
      const session = { number, holder: actor, term: operation.term };
      return done(withServer(group, part, { session, claims: number, obeyed }), part);
    }
    case 'awaiting':
      if (server.session?.number !== connection || server.history !== operation.history || server.role !== 'primary') {
        return unknown(group, 'it was fenced, or claimed, before its standbys held what it does');
      }
      return isHeldByAll(server, operation.inSync, operation.offset) ? done(group, part) : [];
    default:
      if (server.session?.number !== connection || server.session?.term !== operation.term) {
        return refused(group, 'CLAIM_LOST');
      }
      if (!isPossible(server, operation, part)) return refused(group, 'NOT_POSSIBLE');
      return carriedOut(noted(group, server, operation, part), operation, part);
  }
}

function isPossible(server: Server, operation: Claimed, name: string): boolean {
  const mark = server.role === 'primary' ? markOf(server) : null;
  switch (operation.type) {
    case 'fence':
      return true;
    case 'promote':
      return server.role === 'fenced' || mark?.epoch === operation.epoch;
    case 'confirmWith':
      return mark?.epoch === operation.epoch && operation.version >= mark.version;
    case 'follow':
      return operation.primary !== name && server.role !== 'primary';
  }
}

/** An order of a manager that was deposed before this server obeyed its successor. */
const noted = (group: Group, { obeyed }: Server, { type, term }: Claimed, name: string): Group =>
  term >= obeyed || group.wrong !== null
    ? group
    : { ...group, wrong: `${name} obeys '${type}' of term ${term} after it obeyed term ${obeyed}` };

function carriedOut(group: Group, operation: Claimed, name: string): readonly Step[] {
  switch (operation.type) {
    case 'fence':
      return done(fenced(group, name), name);
    case 'promote':
      return done(promoted(group, operation, name), name);
    case 'follow':
      return done(following(group, operation.primary, name), name);
    case 'confirmWith': {
      const marked = withMark(withServer(group, name, { waitsFor: waitingOf(operation) }), operation, name);
      const { data, history } = serverOf(marked, name);
      const rest: Awaiting = { type: 'awaiting', inSync: operation.inSync, offset: data.length, history };
      return [{ state: marked, rest }];
    }
  }
}

const waitingOf = ({ inSync, confirmations }: Confirming) => ({ inSync, confirmations });

function fenced(group: Group, name: string): Group {
  const role = 'fenced';
  return ended(
    withServer(unfollowed(group, name), name, { role, follows: null, isLinked: false, confirmed: {} }),
    name,
  );
}

/** The group in which no stream comes from the server any more. */
export function unfollowed(group: Group, name: string): Group {
  const followers = Object.entries(group.servers).filter(([, it]) => it.follows === name && it.isLinked);
  return followers.reduce((now, [follower]) => withServer(now, follower, { isLinked: false }), group);
}

function promoted(group: Group, operation: Extract<Claimed, { type: 'promote' }>, name: string): Group {
  const waitsFor = waitingOf(operation);
  if (serverOf(group, name).role === 'primary') return withMark(withServer(group, name, { waitsFor }), operation, name);
  const histories = group.histories + 1;
  const { epoch, version } = operation;
  const history = `h${histories}`;
  const first: Entry = { history, write: null, mark: { epoch, version } };
  const data = [...serverOf(group, name).data, first];
  return withServer({ ...group, histories }, name, { role: 'primary', history, data, waitsFor, confirmed: {} });
}

/** The group in which the primary has written a mark, if that is a later one. */
function withMark(group: Group, { epoch, version }: Confirming, name: string): Group {
  const server = serverOf(group, name);
  if ((markOf(server)?.version ?? 0) >= version) return group;
  const written: Entry = { history: server.history, write: null, mark: { epoch, version } };
  return withServer(group, name, { data: [...server.data, written] });
}

function following(group: Group, primary: string, name: string): Group {
  const { role, follows } = serverOf(group, name);
  if (role === 'standby' && follows === primary) return group;
  return withServer(group, name, { role: 'standby', follows: primary, isLinked: false });
}
