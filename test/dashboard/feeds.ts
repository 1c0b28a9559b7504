/** Feeds for tests, made by hand: the items that a source would tell, with the ids that the charts have. */

import type { FeedHead, FeedItem, Recording, Shown, ShownMessage } from '../../src/dashboard/feed.ts';
import type { Address } from '../../statecharts/actor.ts';

export const nodes = ['n1', 'n2', 'n3'] as const;

export const head: FeedHead = {
  type: 'head',
  source: 'nodes',
  title: 'cluster quorate',
  nodes,
  takesFaults: true,
};

export const serverAt = (node: string): Address => `${node}/raft.server/kv`;

interface Server {
  readonly role: string;
  readonly value: unknown;
  readonly term: number;
  readonly leader?: string;
  readonly entries?: number;
  readonly commitIndex?: number;
}

const shown = (node: string, { role, value, term, leader, entries = 1, commitIndex = 1 }: Server) => ({
  actor: serverAt(node),
  chart: 'raft.server',
  value,
  role,
  context: {
    self: serverAt(node),
    term,
    votedFor: null,
    log: { baseIndex: 0, lastIndex: entries, newest: [{ index: entries, term }] },
    commitIndex,
    leader: leader === undefined ? null : serverAt(leader),
  },
});

/** Writes down what happens, with ids that count. */
export class Teller {
  readonly items: Shown[] = [];
  #ids = 0;
  #atMs: number;

  /** @param atMs when it begins */
  constructor(atMs = 1_000) {
    this.#atMs = atMs;
  }

  after(elapsedMs: number): this {
    this.#atMs += elapsedMs;
    return this;
  }

  up(node: string, server: Server): this {
    this.items.push({ type: 'up', node, atMs: this.#atMs });
    this.items.push({ type: 'actor', node, atMs: this.#atMs, ...shown(node, server) });
    return this;
  }

  down(node: string, reason = 'killed'): this {
    this.items.push({ type: 'down', node, atMs: this.#atMs, reason });
    return this;
  }

  tell(item: Shown): this {
    this.items.push(item);
    return this;
  }

  flushes(node: string): this {
    return this.tell({ type: 'flushed', node, atMs: this.#atMs, actor: serverAt(node) });
  }

  operation(id: string, phase: 'began' | 'ended', node: string, text: string): this {
    return this.tell({ type: 'operation', node, atMs: this.#atMs, id, phase, client: 'client 1', text, key: 'k1' });
  }

  fault(id: string, text: string, named: readonly string[], isActive = true): this {
    const [node = 'n1'] = named;
    return this.tell({ type: 'fault', node, atMs: this.#atMs, id, isActive, text, nodes: named, byHand: true });
  }

  /** @returns the id */
  sends(from: string, to: string, message: ShownMessage, step?: string): string {
    this.#ids += 1;
    const id = `m${this.#ids}`;
    const way = { from: serverAt(from), to: serverAt(to) };
    this.tell({
      type: 'sent',
      node: from,
      atMs: this.#atMs,
      id,
      ...way,
      message,
      ...(step === undefined ? {} : { step }),
    });
    return id;
  }

  loses(from: string, to: string, message: ShownMessage, sent?: string): this {
    const way = { from: serverAt(from), to: serverAt(to) };
    const told = sent === undefined ? {} : { sent };
    return this.tell({
      type: 'lost',
      node: from,
      atMs: this.#atMs,
      ...way,
      message,
      reason: 'the link is cut',
      ...told,
    });
  }

  /** @returns the id */
  steps(
    node: string,
    from: string,
    cause: ShownMessage,
    server: Server,
    more: Partial<Extract<Shown, { type: 'step' }>> = {},
  ): string {
    this.#ids += 1;
    const id = `s${this.#ids}`;
    const told = { transitions: [], effects: [], ...more };
    this.tell({
      type: 'step',
      node,
      atMs: this.#atMs,
      id,
      from: serverAt(from),
      cause,
      ...shown(node, server),
      ...told,
    });
    return id;
  }
}

const listening = { follower: 'listening' };
const leading = { leader: { office: 'leading' } };

/** Three servers of Raft: n1 is elected and replicates a command; it is killed, and n2 is elected. */
export function twoElections(): readonly Shown[] {
  const teller = new Teller(Date.UTC(2026, 0, 1));
  for (const node of nodes) teller.up(node, { role: 'follower', value: listening, term: 0, entries: 1 });
  elect(teller, 'n1', ['n2', 'n3'], 1);
  for (let index = 2; index < 6; index += 1) replicate(teller, 'n1', ['n2', 'n3'], 1, index);
  teller.after(40).down('n1', 'killed by SIGKILL');
  elect(teller, 'n2', ['n3'], 2);
  for (let index = 6; index < 9; index += 1) replicate(teller, 'n2', ['n3'], 2, index);
  return teller.items;
}

function elect(teller: Teller, leader: string, others: readonly string[], term: number): void {
  const candidate = { role: 'candidate', value: 'candidate', term, leader };
  teller.after(700);
  const timedOut = teller.steps(leader, leader, { type: 'after electionTimeout' }, candidate, {
    transitions: [{ id: 'raft-server.preCandidate  0', rule: 'Raft §9.6' }],
    effects: ['persist term-and-vote'],
  });
  const vote = { type: 'vote', term, lastIndex: 1, lastTerm: 0 };
  for (const other of others) {
    const asked = teller.sends(leader, other, vote, timedOut);
    teller.after(2);
    const granted = teller.steps(other, leader, vote, { role: 'follower', value: listening, term }, { sent: asked });
    teller.sends(other, leader, { type: 'voteReply', term, granted: true }, granted);
  }
  teller.after(3);
  teller.steps(
    leader,
    others[0] ?? leader,
    { type: 'voteReply', term, granted: true },
    { role: 'leader', value: leading, term, leader },
    {
      transitions: [{ id: 'raft-server.candidate  0', rule: 'Raft §3.4' }],
      effects: ['persist entries', 'deliver elected'],
    },
  );
}

function replicate(teller: Teller, leader: string, others: readonly string[], term: number, index: number): void {
  const append = { type: 'append', term, prevIndex: index - 1, entries: [{ index, term }], commitIndex: index - 1 };
  const leads = { role: 'leader', value: leading, term, leader, entries: index };
  teller.after(20);
  teller.operation(`o${index}`, 'began', leader, `put k1 ${index}`);
  const asked = teller.steps(
    leader,
    leader,
    { type: 'propose' },
    { ...leads, commitIndex: index - 1 },
    { effects: ['persist entries'] },
  );
  for (const other of others) {
    const sent = teller.sends(leader, other, append, asked);
    teller.after(2);
    const follows = { role: 'follower', value: listening, term, leader, entries: index, commitIndex: index - 1 };
    teller.steps(other, leader, append, follows, { sent, effects: ['persist entries'] });
    teller.after(1).flushes(other).sends(other, leader, { type: 'appendReply', term, match: index });
  }
  teller.after(1);
  const reply = { type: 'appendReply', term, match: index };
  teller.steps(
    leader,
    others[0] ?? leader,
    reply,
    { ...leads, commitIndex: index },
    { effects: ['deliver committed'] },
  );
  teller.after(1).operation(`o${index}`, 'ended', leader, 'ok');
}

/** `items` as a file. */
export const recordingOf = (items: readonly FeedItem[]): Recording => ({ quorate: 'recording', version: 1, items });
