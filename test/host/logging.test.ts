import { pino } from 'pino';
import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import type { PeerStatus } from '../../src/bus/bus.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { logNode } from '../../src/host/logging.ts';
import { createNode } from '../../src/host/node.ts';
import type { RoleChange } from '../../src/host/role-change.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { addressOf } from '../../statecharts/actor.ts';
import { raftServer } from '../../statecharts/raft.ts';
import { address, bench } from './bench.ts';
import { counter } from './counter.ts';

type Line = Readonly<Record<string, unknown>>;

/** A log, and the lines that it has got. */
function log() {
  const lines: Line[] = [];
  const options = { base: null, timestamp: false };
  return { lines, logger: pino(options, { write: (line) => void lines.push(JSON.parse(line)) }) };
}

const info = 30;
const warn = 40;

test('a leader is told with what it was, by whose vote it became it, and the rule of the paper', () => {
  const clock = createVirtualClock();
  const randomness = seededRandomness(1);
  const network = createMemoryNetwork({ clock });
  const ids = ['n1', 'n2', 'n3'];
  const voters = ids.map((id) => addressOf(id, raftServer.name, 'kv'));
  const { lines, logger } = log();
  for (const id of ids) {
    const environment = { clock, randomness: seededRandomness(ids.indexOf(id)), ids: seededIds(randomness.stream(id)) };
    const journal = createMemoryJournal({ node: id, ...environment });
    const node = createNode({ id, bus: network.join(id), journal, environment });
    logNode(node, logger, { clock });
    node.start(raftServer, { key: 'kv', input: { voters } });
  }
  clock.advance(5_000);
  const leads = lines.find(({ role }) => role === 'leader');
  const leader = String(leads?.node);
  const own = lines.filter(({ node }) => node === leader);
  expect(own[0]).toEqual({
    level: info,
    node: leader,
    actor: `${leader}/raft.server/kv`,
    role: 'follower',
    msg: 'began as follower',
  });
  expect(leads).toMatchObject({ level: info, former: 'candidate', msg: 'candidate became leader' });
  expect(leads?.event).toBe('voteReply');
  expect(voters.filter((it) => it !== leads?.actor)).toContain(leads?.from);
  expect(leads?.rules).toContainEqual(expect.stringMatching(/^Raft §/));
  const candidacy = own.find(({ former }) => former === 'follower');
  expect(candidacy).toMatchObject({ event: 'electionTimeout', from: leads?.actor });
});

test('the rules of a change are the same whether the node is inspected or not', () => {
  const changesOf = (isInspected: boolean) => {
    const { node, clock } = bench();
    const { node: n1, journal } = node('n1', { development: true });
    if (isInspected) n1.inspection.subscribe();
    const changes: unknown[] = [];
    n1.roleChanges.subscribe(({ role, former, cause }: RoleChange) =>
      changes.push({ role, former, event: cause?.event, rules: cause?.rules() }),
    );
    n1.start(raftServer, { key: 'kv', input: { voters: [addressOf('n1', raftServer.name, 'kv')] } });
    clock.advance(1_000);
    for (let flushes = 0; flushes < 5; flushes += 1) {
      journal.flush();
      clock.advance(0);
    }
    return changes;
  };
  const changes = changesOf(false);
  expect(changes.at(-1)).toMatchObject({ role: 'leader' });
  expect(changes).toEqual(changesOf(true));
});

test('a refused peer is a warning, told once in a minute with how often it was held back', () => {
  const { node, clock } = bench();
  const { node: n1 } = node('n1');
  const peers = new Subject<PeerStatus>();
  const { lines, logger } = log();
  const end = logNode(n1, logger, { clock, bus: { peers } });
  const refused: PeerStatus = {
    node: 'n2',
    status: 'refused',
    reason: 'another cluster',
    refusal: { code: 'other-cluster', by: 'this-node' },
  };
  for (let count = 0; count < 3; count += 1) peers.next(refused);
  clock.advance(60_000);
  peers.next(refused);
  const line = {
    level: warn,
    node: 'n1',
    peer: 'n2',
    status: 'refused',
    reason: 'another cluster',
    refusal: 'other-cluster',
    msg: 'peer refused',
  };
  expect(lines).toEqual([line, { ...line, heldBack: 2 }]);
  end();
  clock.advance(60_000);
  peers.next(refused);
  expect(lines).toHaveLength(2);
});

test('a message that is not taken is told with its reason', () => {
  const { node, settle, peer, clock } = bench();
  const { node: n1 } = node('n1', { definitions: [counter] });
  const { lines, logger } = log();
  logNode(n1, logger, { clock });
  peer('n2').say(address, { type: 'add' });
  settle();
  expect(lines).toMatchObject([
    { level: warn, actor: address, from: 'n2/test.peer/', kind: 'malformed', event: 'add', msg: 'message refused' },
  ]);
});
