/**
 * Keeping the name of a primary's history. Redis gives a primary another replication id when the first replica comes and
 * it keeps no backlog yet, and again when it has had no replica for `repl-backlog-ttl`. Both would make strangers of
 * servers that hold its data; so a primary has a backlog from the beginning, and never gives it up.
 */

import type { Claimed } from './claim.ts';
import { type Reply, valueIn } from './connection.ts';
import { fieldsOf } from './info.ts';

/** Makes sure that a primary's history keeps its name. */
export async function keepHistory(claimed: Claimed): Promise<void> {
  const { connection, left } = claimed;
  await connection.ask(['CONFIG', 'SET', 'repl-backlog-ttl', 0], left.remainingMs());
  if (!(await hasBacklog(claimed))) await makeBacklog(claimed);
}

async function hasBacklog({ connection, left }: Claimed): Promise<boolean> {
  const info = await connection.ask(['INFO', 'replication'], left.remainingMs());
  return fieldsOf(String(info)).get('repl_backlog_active') === '1';
}

/**
 * A backlog is made for a replica that asks for a copy. This one leaves before the copy is begun, which Redis puts off for
 * replicas that take it without a file.
 */
async function makeBacklog(claimed: Claimed): Promise<void> {
  const { connection, left } = claimed;
  const names = ['repl-diskless-sync', 'repl-diskless-sync-delay'] as const;
  const before = await connection.send(
    names.map((name) => ['CONFIG', 'GET', name] as const),
    left.remainingMs(),
  );
  await connection.ask(['CONFIG', 'SET', names[0], 'yes'], left.remainingMs());
  await connection.ask(['CONFIG', 'SET', names[1], delaySeconds], left.remainingMs());
  const replica = await claimed.connect(left.remainingMs());
  try {
    await replica.ask(['REPLCONF', 'capa', 'eof', 'capa', 'psync2'], left.remainingMs());
    // There is no answer before the copy begins.
    replica.send([['PSYNC', '?', -1]], left.remainingMs()).catch(() => undefined);
    while (left.remainingMs() > 0 && !(await hasBacklog(claimed)));
  } finally {
    replica.close();
    const restored = before.map((reply, index) => ['CONFIG', 'SET', names[index] ?? '', settingIn(reply)] as const);
    await connection.send(restored, left.remainingMs());
  }
}

/** Long beside what follows, so that the copy is not begun. */
const delaySeconds = 60;

function settingIn(reply: Reply | undefined): string {
  const pair = valueIn(reply);
  return Array.isArray(pair) ? String(pair[1]) : '';
}
