/**
 * A server of one's own that failover can steer: a set of values, kept in a file, replicated by standbys that ask the
 * primary for what they lack. Managers reach it through `own-server.sh`; clients and standbys talk to it likewise, one line of
 * JSON in each direction.
 *
 *     node dist/examples/own-server.js --name r1 --port 7001 --file r1.json
 *
 * What makes it safe to steer: it keeps the highest term it was claimed with, and refuses other ones; it keeps whether it is
 * fenced; and all that is asked of it is done at once, one after another.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemEnvironment } from '../src/index.ts';
import type { ScriptRequest } from '../src/resources/managed/script.ts';
import type { Mark, ServerStatus } from '../src/services/failover.ts';

/** All that the server keeps. */
interface Kept {
  role: ServerStatus['role'];
  term: number;
  /** From which offset on its data are of which history. */
  histories: readonly { readonly history: string; readonly from: number }[];
  /** In order: what clients wrote, and marks. */
  entries: readonly (string | Mark)[];
  follows: string | null;
  gaveUp?: ServerStatus['gaveUp'];
}

/** A standby asks for what it lacks; by that it confirms what it has. */
interface Pull {
  readonly type: 'pull';
  readonly standby: string;
  readonly histories: Kept['histories'];
  readonly offset: number;
}
type Pulled = Pick<Kept, 'histories' | 'entries'> & { readonly common: number };
type Client = { readonly type: 'write' | 'holds'; readonly value: string };
type Claimed = Extract<ScriptRequest, { readonly term: number }>;

const { values } = parseArgs({
  options: { name: { type: 'string' }, port: { type: 'string' }, file: { type: 'string' } },
});
const { name = 'r1', file = `${values.name}.json` } = values;
const { clock } = systemEnvironment();
const kept: Kept = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { role: 'fenced', term: 0, histories: [{ history: `${name}/0`, from: 0 }], entries: [], follows: null };
/** What each standby has confirmed; one that has not asked for a while is no longer attached. */
const confirmed = new Map<string, { readonly offset: number; readonly atMs: number }>();
const attachedForMs = 500;
let source: { readonly host: string; readonly port: number } | undefined;
let isLinked = false;

/** Written elsewhere and moved into its place, so that a crash leaves the former or the latter. */
function keep(change: Partial<Kept>): void {
  Object.assign(kept, change);
  writeFileSync(`${file}.new`, JSON.stringify(kept), { flush: true });
  renameSync(`${file}.new`, file);
}

const markIn = (entries: Kept['entries']): Mark | null =>
  entries.findLast((entry): entry is Mark => typeof entry !== 'string') ?? null;

const historyOf = (histories: Kept['histories']): string => histories.at(-1)?.history ?? '';

const attached = (): Record<string, number> =>
  Object.fromEntries(
    [...confirmed].flatMap(([standby, { offset, atMs }]) =>
      clock.nowMs() - atMs < attachedForMs ? [[standby, offset]] : [],
    ),
  );

function status(): ServerStatus & { readonly term: number } {
  const { role, term, histories, entries, follows, gaveUp } = kept;
  return {
    term,
    role,
    incarnation: name,
    position: { history: historyOf(histories), offset: entries.length },
    follows,
    isLinked: role === 'standby' && isLinked,
    mark: markIn(entries),
    confirmed: role === 'primary' ? attached() : {},
    ...(gaveUp === undefined ? {} : { gaveUp }),
  };
}

/** What prevents it, if anything does; nothing has happened then. */
function obstacleTo(request: Claimed): { readonly refused: string; readonly message: string } | undefined {
  const refuse = (message: string) => ({ refused: 'NOT_POSSIBLE', message });
  const epoch = kept.role === 'primary' ? markIn(kept.entries)?.epoch : undefined;
  if (request.type === 'claim' ? request.term < kept.term : request.term !== kept.term) {
    return { refused: 'CLAIM_LOST', message: `term ${kept.term} has claimed it` };
  }
  if (request.type === 'promote' && kept.role !== 'fenced' && epoch !== request.epoch) return refuse('fence it first');
  if (request.type === 'confirmWith' && epoch !== request.epoch) return refuse('it is not primary of that epoch');
  if (request.type !== 'follow') return undefined;
  if (kept.role === 'primary') return refuse('fence it first');
  return request.primary === name || !(request.primary in request.servers) ? refuse('no such server') : undefined;
}

function operate(request: Claimed): void {
  switch (request.type) {
    case 'claim':
      keep({ term: request.term });
      break;
    case 'fence':
      confirmed.clear();
      source = undefined;
      keep({ role: 'fenced', follows: null });
      break;
    case 'promote':
    case 'confirmWith': {
      const { epoch, version } = request;
      const mark = markIn(kept.entries);
      const entries =
        mark?.epoch === epoch && mark.version >= version ? kept.entries : [...kept.entries, { epoch, version }];
      const begun = { history: `${name}/${epoch}`, from: kept.entries.length };
      const histories = kept.role === 'primary' ? kept.histories : [...kept.histories, begun];
      keep({ role: 'primary', entries, histories });
      break;
    }
    case 'follow': {
      const isAnother = kept.follows !== request.primary;
      source = request.servers[request.primary];
      if (!isAnother) break;
      isLinked = false;
      delete kept.gaveUp;
      keep({ role: 'standby', follows: request.primary });
      clock.enqueue(() => void pull());
    }
  }
}

/** How far two servers' data are the same. */
function commonOf(others: Kept['histories'], offset: number): number {
  const differs = others.findIndex(({ history }, index) => kept.histories[index]?.history !== history);
  const endOf = (histories: Kept['histories'], at: number, end: number): number => histories[at]?.from ?? end;
  const first = differs < 0 ? others.length : differs;
  return Math.min(endOf(others, first, offset), endOf(kept.histories, first, kept.entries.length), offset);
}

/** Standby: asks the primary, takes what it answers, and asks again. */
async function pull(): Promise<void> {
  const { follows, histories, entries } = kept;
  if (source === undefined || kept.role !== 'standby') return;
  const asked: Pull = { type: 'pull', standby: name, histories, offset: entries.length };
  const answer = await ask<Pulled>(source, asked).catch(() => undefined);
  if (kept.role !== 'standby' || kept.follows !== follows) return;
  isLinked = answer !== undefined && 'common' in answer;
  if (answer !== undefined && 'common' in answer && (answer.entries.length > 0 || answer.common < entries.length)) {
    const lost = { history: historyOf(histories), fromOffset: answer.common, toOffset: entries.length };
    const gaveUp = answer.common < entries.length ? { gaveUp: lost } : {};
    keep({ entries: [...entries.slice(0, answer.common), ...answer.entries], histories: answer.histories, ...gaveUp });
    clock.enqueue(() => void pull());
  } else {
    clock.setTimeout(() => void pull(), 5);
  }
}

function ask<T>({ host, port }: { readonly host: string; readonly port: number }, request: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject).on('close', () => reject(new Error('no answer')));
    // Which hands on the errors of what it reads.
    const lines = createInterface({ input: socket }).on('error', reject);
    lines.on('line', (line) => {
      resolve(JSON.parse(line));
      socket.destroy();
    });
  });
}

/** The answer; undefined while `confirmWith` waits. */
function answerTo(request: ScriptRequest | Pull | Client): unknown {
  switch (request.type) {
    case 'probe':
      return { probe: 'answers' };
    case 'holds':
      return { holds: kept.entries.includes(request.value) };
    case 'write':
      if (kept.role !== 'primary') return { written: false };
      keep({ entries: [...kept.entries, request.value] });
      return { written: true };
    case 'pull': {
      if (kept.role !== 'primary') return { refused: 'NOT_POSSIBLE', message: 'it is not primary' };
      const common = commonOf(request.histories, request.offset);
      if (common === request.offset) confirmed.set(request.standby, { offset: common, atMs: clock.nowMs() });
      return { common, entries: kept.entries.slice(common), histories: kept.histories } satisfies Pulled;
    }
    case 'look':
      return status();
    case 'start':
    case 'stop':
      return { refused: 'NOT_POSSIBLE', message: 'it is started and stopped by hand' };
  }
  const obstacle = obstacleTo(request);
  if (obstacle !== undefined) return obstacle;
  operate(request);
  return status();
}

const server = createServer((socket) => {
  const lines = createInterface({ input: socket }).on('error', () => socket.destroy());
  lines.on('line', (line) => {
    const request: ScriptRequest | Pull | Client = JSON.parse(line);
    const answer = answerTo(request);
    const reach = kept.entries.length;
    const say = (): void => {
      if (socket.destroyed) return;
      const missing = request.type === 'confirmWith' ? request.inSync : [];
      const isDone =
        kept.role !== 'primary' || missing.every((standby) => (confirmed.get(standby)?.offset ?? -1) >= reach);
      if (isDone) socket.end(`${JSON.stringify(answer)}\n`);
      else clock.setTimeout(say, 5);
    };
    say();
  });
});
// Much may have happened since; a manager tells it what it is to be.
if (kept.role !== 'fenced') keep({ role: 'fenced', follows: null });
server.listen(Number(values.port), '127.0.0.1');
