/** Where a server of Redis stands, as its INFO and the mark in its data say. */

import type { Position, ServerStatus } from '../../../../statecharts/failover/servers.ts';
import { type Command, type Reply, valueIn } from './connection.ts';
import { fieldsOf, type InfoFields, type RedisAddress, type ReplicationInfo, replicationOf, serverAt } from './info.ts';
import { markIn, markKey } from './mark.ts';

/**
 * Whom a fenced server follows: nothing can listen at port 1 of itself, as only a privileged process might. Redis keeps
 * that in its configuration, and so is a replica, without a primary, when it starts.
 */
export const nowhere: RedisAddress = { host: '127.0.0.1', port: 1 };

export type Servers = Readonly<Record<string, RedisAddress>>;

/** What a status is made of; sent in one go, so that nothing of the same asker comes between. */
export const questions = (group: string): readonly Command[] => [['INFO'], ['GET', markKey(group)]];

/** What a server answered to the questions. */
export interface Answers {
  readonly fields: InfoFields;
  readonly replication: ReplicationInfo;
  readonly mark: ServerStatus['mark'];
  readonly role: ServerStatus['role'];
  readonly isLoading: boolean;
  readonly holdsData: boolean;
  readonly position: Position;
  readonly notices: readonly string[];
}

/** @throws the server's error, when it does not say how it stands */
export function answersIn([info, mark]: readonly Reply[]): Answers {
  const fields = fieldsOf(String(valueIn(info)));
  const replication = replicationOf(fields);
  const isLoading = fields.get('loading') === '1';
  return {
    fields,
    replication,
    role: roleOf(replication),
    isLoading,
    // Data that were read from a file have no position.
    holdsData: isLoading || [...fields.keys()].some((field) => /^db\d+$/.test(field)),
    mark: markIn(textOf(mark)),
    position: isLoading ? unknownPosition : positionOf(replication),
    notices: noticesOf(fields, mark),
  };
}

/** A position that qualifies for nothing. */
export const unknownPosition: Position = { history: '', offset: 0 };

/**
 * How far data reach. A replica's count only while no copy is under way, of which it may hold a part. One whose copy was
 * broken off goes on to show its earlier history, with an offset of 1, as one that never had a stream does.
 */
function positionOf({ isPrimary, isCopying, position }: ReplicationInfo): Position {
  return !isPrimary && (isCopying || position.offset <= 1) ? unknownPosition : position;
}

function roleOf({ isPrimary, source }: ReplicationInfo): ServerStatus['role'] {
  if (isPrimary) return 'primary';
  return source?.host === nowhere.host && source.port === nowhere.port ? 'fenced' : 'standby';
}

/** A server that is loading, or serves no stale data, does not show its mark. */
const textOf = (reply: Reply | undefined): string | null =>
  reply !== undefined && 'value' in reply && typeof reply.value === 'string' ? reply.value : null;

export function statusOf(answers: Answers, servers: Servers): ServerStatus {
  const { fields, replication, role, mark, position, isLoading, holdsData } = answers;
  const confirmed: Record<string, number> = {};
  const strangers: string[] = [];
  for (const replica of replication.replicas) {
    const name = serverAt(servers, replica);
    if (name === undefined) strangers.push(`${replica.host}:${replica.port}`);
    else if (replica.isOnline) confirmed[name] = replica.offset;
  }
  const notices = [
    ...answers.notices,
    ...strangers.map(
      (stranger) => `a replica at ${stranger} is none of the group; disconnect it, or add it to the group`,
    ),
  ];
  return {
    role,
    incarnation: fields.get('run_id') ?? '',
    position,
    follows:
      role === 'standby' && replication.source !== undefined ? (serverAt(servers, replication.source) ?? null) : null,
    isLinked: role === 'standby' && replication.isLinked && !replication.isCopying && !isLoading,
    mark,
    holdsData,
    confirmed,
    ...(notices.length === 0 ? {} : { notices }),
  };
}

/** What a person should look at. */
function noticesOf(fields: InfoFields, mark: Reply | undefined): readonly string[] {
  const notices: string[] = [];
  if (fields.get('loading') === '1')
    notices.push(`it is loading its data: ${fields.get('loading_loaded_perc') ?? '?'} %`);
  if (fields.get('rdb_last_bgsave_status') === 'err')
    notices.push('it cannot save its data to disk (RDB); see its log');
  if (fields.get('aof_last_write_status') === 'err')
    notices.push('it cannot write to its append-only file; see its log');
  if (mark !== undefined && 'error' in mark && mark.error.message.startsWith('MASTERDOWN')) {
    notices.push("it does not show its mark while it follows none; set 'replica-serve-stale-data yes'");
  }
  return notices;
}
