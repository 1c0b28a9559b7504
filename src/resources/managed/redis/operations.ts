/**
 * What a claimed server of Redis is told. Each operation looks at where the server stands and then says what leads from
 * there to what is wanted, on the connection of its claim: no other manager can come between.
 */

import type { Confirming, GaveUp, Position } from '../../../../statecharts/failover/servers.ts';
import { messageOf } from '../../../environment/message.ts';
import { ResourceDeadlineError } from '../../errors.ts';
import { ServerRefusedError } from '../errors.ts';
import type { Claimed } from './claim.ts';
import { type Command, isServersError, type Reply, valueIn } from './connection.ts';
import { keepHistory } from './history.ts';
import { fieldsOf, type RedisAddress, type ReplicationInfo, replicationOf, serverAt } from './info.ts';
import { markKey, markText } from './mark.ts';
import { type Answers, answersIn, nowhere, questions } from './status.ts';

export async function look({ group, connection, left }: Claimed): Promise<Answers> {
  return answersIn(await connection.send(questions(group), left.remainingMs()));
}

/**
 * Takes nothing more from any server, and no writes. What Redis has in its configuration file is that, too, from now on:
 * the file is written while the server is fenced and at no other time, so that one which restarts comes back fenced.
 */
export async function fence(claimed: Claimed, writesConfig: boolean): Promise<void> {
  const { connection, server, left } = claimed;
  const [before, fenced] = await connection.send([['INFO', 'replication'], replicaOf(nowhere)], left.remainingMs());
  refuseUnlessDone(claimed, 'fence', fenced);
  const wasPrimary = replicationOf(fieldsOf(String(valueIn(before)))).isPrimary;
  // Clients that wrote here are to look for the new primary. Connections of managers are made anew.
  const kills: readonly Command[] = wasPrimary
    ? [
        ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'],
        ['CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes'],
      ]
    : [];
  const rewrite: readonly Command[] = writesConfig ? [['CONFIG', 'REWRITE']] : [];
  const replies = await connection.send([...kills, ...rewrite], left.remainingMs());
  const written = replies.at(-1);
  if (writesConfig && written !== undefined && 'error' in written) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `'${server}' is fenced, but not beyond a restart: ${messageOf(written.error)}; let Redis write its configuration file, ` +
        `or put 'replicaof ${nowhere.host} ${nowhere.port}' there and set 'writesConfig' to false`,
      { cause: written.error },
    );
  }
}

/** Makes a fenced server primary. A later version of the same epoch is taken over. */
export async function promote(claimed: Claimed, operation: Confirming): Promise<void> {
  const { connection, left } = claimed;
  const { role, mark, isLoading } = await look(claimed);
  if (role === 'primary' && mark?.epoch === operation.epoch) {
    if (operation.version > mark.version) await writeMark(claimed, operation);
    return;
  }
  if (role !== 'fenced') throw notPossible(claimed, 'promote', `it is ${role}; fence it first`);
  if (isLoading) throw notPossible(claimed, 'promote', 'it is loading its data; ask again');
  refuseUnlessDone(claimed, 'promote', (await connection.send([['REPLICAOF', 'NO', 'ONE']], left.remainingMs()))[0]);
  try {
    await keepHistory(claimed);
    await writeMark(claimed, operation);
  } catch (error) {
    if (!isServersError(error)) throw error;
    // One that cannot write its mark takes no writes of clients either, or would without being known as primary.
    await connection.ask(replicaOf(nowhere), left.remainingMs());
    throw notPossible(claimed, 'promote', `it does not take its mark: ${messageOf(error)}`, error);
  }
}

/** Writes the mark, and waits until each of the in-sync set holds all that the primary does by then. */
export async function confirmWith(claimed: Claimed, operation: Confirming): Promise<void> {
  const { role, mark } = await look(claimed);
  if (role !== 'primary' || mark?.epoch !== operation.epoch) {
    throw notPossible(claimed, 'confirmWith', `it is not primary of epoch ${operation.epoch}`);
  }
  if (operation.version < mark.version) {
    throw notPossible(
      claimed,
      'confirmWith',
      `its in-sync set is of version ${mark.version}, not ${operation.version}`,
    );
  }
  try {
    await writeMark(claimed, operation);
  } catch (error) {
    if (!isServersError(error)) throw error;
    throw notPossible(claimed, 'confirmWith', `it does not take its mark: ${messageOf(error)}`, error);
  }
  await awaitHolders(claimed, operation.inSync);
}

/** WAIT makes replicas confirm, but counts any; how far each of the set is, INFO says. */
async function awaitHolders({ connection, server, servers, left }: Claimed, inSync: readonly string[]): Promise<void> {
  const info: Command = ['INFO', 'replication'];
  const reached = replicationOf(fieldsOf(String(await connection.ask(info, left.remainingMs())))).position.offset;
  let missing = [...inSync];
  let count = inSync.length;
  while (missing.length > 0) {
    const remainingMs = left.remainingMs();
    if (remainingMs === 0) {
      throw new ResourceDeadlineError(`expected ${missing.join(', ')} to hold what '${server}' does in time`);
    }
    const waitMs = Math.max(1, Math.min(longestWaitMs, Math.floor(remainingMs / 2)));
    const [waited, after] = await connection.send([['WAIT', count, waitMs], info], remainingMs);
    const { replicas } = replicationOf(fieldsOf(String(valueIn(after))));
    const holders = replicas.filter(({ isOnline, offset }) => isOnline && offset >= reached);
    const names = holders.map((replica) => serverAt(servers, replica));
    missing = missing.filter((name) => !names.includes(name));
    // Others than those of the set were enough for it.
    if (Number(valueIn(waited)) >= count) count = Number(valueIn(waited)) + 1;
  }
}

/** A wait is cut off so that its claim is not held up for long by a standby that has gone. In milliseconds. */
const longestWaitMs = 200;

/** What the primary that is to be followed says of itself. */
export interface Primary {
  readonly name: string;
  readonly answers: Answers;
}

/** Takes the data of a primary. Says what this server gives up for them. */
export async function follow(claimed: Claimed, epoch: number, primary: Primary): Promise<GaveUp | undefined> {
  const { connection, server, servers, left } = claimed;
  const source = servers[primary.name];
  const own = servers[server];
  if (source === undefined || own === undefined) throw new RangeError('expected servers of the group');
  const before = await look(claimed);
  if (before.role === 'primary') throw notPossible(claimed, 'follow', 'it is primary; fence it first');
  // Redis takes whatever data are there, none too: so it follows only what certainly is the primary of this epoch.
  if (primary.answers.role !== 'primary' || primary.answers.mark?.epoch !== epoch) {
    throw notPossible(claimed, 'follow', `'${primary.name}' is not primary of epoch ${epoch}`);
  }
  const replies = await connection.send(
    [
      ['CONFIG', 'SET', 'replica-announce-ip', own.host],
      ['CONFIG', 'SET', 'replica-announce-port', own.port],
      replicaOf(source),
    ],
    left.remainingMs(),
  );
  for (const reply of replies) refuseUnlessDone(claimed, 'follow', reply);
  return givenUp(before, primary.answers.replication);
}

/** Whether it follows that server already. */
export const follows = ({ replication }: Answers, source: RedisAddress): boolean =>
  replication.source?.host === source.host && replication.source.port === source.port;

/** The part of a server's data that another one does not hold, by what Redis would continue. */
export function givenUp({ replication }: Answers, primary: ReplicationInfo): GaveUp | undefined {
  const { history, offset } = replication.position;
  const common = [primary.position, primary.earlier].find((at: Position | undefined) => at?.history === history);
  const toOffset = offset <= 1 ? 0 : offset;
  const fromOffset = Math.min(common?.offset ?? 0, toOffset);
  return fromOffset < toOffset ? { history, fromOffset, toOffset } : undefined;
}

/** @throws the server's error */
async function writeMark({ group, connection, left }: Claimed, mark: Confirming): Promise<void> {
  await connection.ask(['SET', markKey(group), markText(mark)], left.remainingMs());
}

const replicaOf = ({ host, port }: RedisAddress): Command => ['REPLICAOF', host, port];

function refuseUnlessDone(claimed: Claimed, what: string, reply: Reply | undefined): void {
  if (reply !== undefined && 'error' in reply) throw notPossible(claimed, what, messageOf(reply.error), reply.error);
}

const notPossible = ({ server }: Claimed, what: string, why: string, cause?: Error): ServerRefusedError =>
  new ServerRefusedError('NOT_POSSIBLE', `'${server}' refuses '${what}': ${why}`, { cause });
