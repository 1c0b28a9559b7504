import { expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import { beginLife } from '../../../src/services/lives/memory.ts';
import { createWitness } from '../../../src/services/lives/witness.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import type { Address, Tagged } from '../../../statecharts/actor.ts';

const lives: Address = 'n1/quorate.lives/';
const said: Tagged = { type: 'said' };

/** A witness of `n1`, what it lets through, and a peer that plays the other side by hand. */
function witnessed({ mustBeVouched = false } = {}) {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const ids = seededIds(seededRandomness(1).stream('ids'));
  const journal = createMemoryJournal({ node: 'n1', clock, ids });
  const memory = beginLife({ journal, clock, ids, isPeer: () => true });
  const peers = () => ['n2', 'n3'];
  const witness = createWitness({ bus: network.join('n1'), clock, memory, peers, mustBeVouched, onCleared: () => {} });
  const letThrough: Address[] = [];
  witness.bus.envelopes().subscribe(({ from }) => letThrough.push(from));
  const n2 = network.join('n2');
  const heard: string[] = [];
  /** The journal's positions that came with what the peer was told. */
  const positions: unknown[] = [];
  n2.envelopes().subscribe(({ message, position }) => {
    heard.push(message.type);
    if (message.type === 'said') positions.push(position);
  });
  const say = (message: Tagged, from: Address = 'n2/quorate.lives/', to: Address = lives): void => {
    n2.send({ from, to, message });
    clock.advance(1);
  };
  const own = () => memory.claim().lives.at(-1) ?? { number: 0, name: '' };
  clock.advance(5);
  return {
    clock,
    network,
    witness,
    journal,
    memory,
    letThrough,
    heard,
    positions,
    claim: () => say(Object.assign({ type: 'claim' }, { lives: [{ number: 1, name: 'life', start: 0 }], position: 1 })),
    vouch: () => say(Object.assign({ type: 'vouch' }, own())),
    ask: () => say(said, 'n2/actor/', 'n1/actor/'),
    send() {
      witness.bus.send({ from: 'n1/actor/', to: 'n2/actor/', message: said });
      clock.advance(1);
    },
  };
}

test('nothing goes to a peer before it has vouched for this life', () => {
  const { heard, send, vouch } = witnessed();
  send();
  expect(heard).not.toContain('said');
  vouch();
  heard.length = 0;
  send();
  expect(heard.at(-1)).toBe('said');
});

test('an acknowledgement comes with the position of its record, also where it shared a flush with what is known of peers', () => {
  const { journal, memory, positions, clock, vouch, send } = witnessed();
  vouch();
  const acknowledge = (): void =>
    journal.append([{ actor: 'n1/actor/', version: 1, record: { type: 'kept' } }], () => send());
  acknowledge();
  memory.remember('n3', { number: 1, name: 'other', position: 1 });
  memory.flush();
  clock.advance(10);
  positions.length = 0;
  acknowledge();
  clock.advance(10);
  expect(positions).toEqual([journal.position]);
});

test('a message after a lost acknowledgement says how long the journal is, too', () => {
  const { journal, positions, clock, vouch, send } = witnessed();
  vouch();
  journal.append([{ actor: 'n1/actor/', version: 1, record: { type: 'kept' } }], () => send());
  clock.advance(10);
  send();
  expect(positions).toEqual([journal.position, journal.position]);
});

test('what is known of peers is no news for the position that messages carry, or idle nodes would write for ever', () => {
  const { memory, positions, clock, vouch, send } = witnessed();
  vouch();
  send();
  memory.remember('n3', { number: 1, name: 'other', position: 1 });
  memory.flush();
  clock.advance(50);
  send();
  expect(positions[1]).toBe(positions[0]);
});

test('nothing comes from a peer that has not said which life it is', () => {
  const { letThrough, ask, claim, heard } = witnessed();
  ask();
  expect(letThrough).toEqual([]);
  expect(heard).toContain('introduce');
  claim();
  ask();
  expect(letThrough).toEqual(['n2/actor/']);
});

test('nothing comes to and goes from a suspended node but what clients say', () => {
  const { letThrough, ask, claim, vouch, send, heard, network, clock, witness } = witnessed({ mustBeVouched: true });
  claim();
  vouch();
  expect(witness.standing.now.awaiting).toEqual(['n3']);
  heard.length = 0;
  ask();
  send();
  expect(letThrough).toEqual([]);
  expect(heard).not.toContain('said');
  const client = network.join('client-1', { kind: 'client' });
  client.send({ from: 'client-1/asker/', to: 'n1/service/', message: said });
  // Who is a client is no peer, whatever it says.
  client.send({
    from: 'n3/quorate.lives/',
    to: lives,
    message: Object.assign({ type: 'vouch' }, { number: 1, name: 'x' }),
  });
  clock.advance(1);
  expect(letThrough).toContain('client-1/asker/');
  expect(witness.standing.now.isSuspended).toBe(true);
});

test('a vouch for another life counts for nothing, and a peer that is none has no say', () => {
  const { claim, heard, send, network, clock, witness } = witnessed();
  claim();
  const n2 = network.join('n9');
  const objection = { ...{ number: 1, name: 'x' }, rollback: 'older-life', reason: 'because' };
  n2.send({ from: 'n9/quorate.lives/', to: lives, message: Object.assign({ type: 'object' }, objection) });
  n2.send({
    from: 'n9/quorate.lives/',
    to: lives,
    message: Object.assign({ type: 'vouch' }, { number: 1, name: 'x' }),
  });
  clock.advance(1);
  send();
  expect(heard).not.toContain('said');
  expect(witness.standing.now).toEqual({ isSuspended: false, refusedBy: {}, awaiting: [] });
});
