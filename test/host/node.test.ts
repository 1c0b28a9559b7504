import { lastValueFrom, toArray } from 'rxjs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { waitFor } from 'xstate';
import { seededRandomness } from '../../src/environment/random.ts';
import { NodeOverloadedError, RecordsVersionError } from '../../src/host/errors.ts';
import type { InspectionEvent } from '../../src/host/inspection.ts';
import type { Refused } from '../../src/host/mail.ts';
import { createNode } from '../../src/host/node.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { fixed, type Result, type Tagged } from '../../statecharts/actor.ts';
import { add, address, bench, outputsOf } from './bench.ts';
import { counter } from './counter.ts';
import { createManualJournal } from './manual-journal.ts';

describe('a node', () => {
  test('answers, delivers and shows only what is durable', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const n2 = peer('n2');
    const handle = n1.start(counter, { input: {} });
    const outputs = outputsOf(handle);
    settle();
    n2.say(address, add(3));
    settle();
    expect(n1.peek(address)?.state.snapshot.context.count).toBe(3);
    expect(handle.getSnapshot().context.count).toBe(0);
    expect(handle.getSnapshot().hasTag('even')).toBe(true);
    expect(n2.heard).toEqual([]);
    expect(outputs).toEqual([]);
    journal.flush();
    settle();
    expect(handle.getSnapshot().context.count).toBe(3);
    expect(handle.getSnapshot().hasTag('odd')).toBe(true);
    expect(n2.heard).toEqual([{ type: 'counted' }]);
    expect(outputs).toEqual([
      { type: 'count', count: 3 },
      { type: 'noted', count: 3 },
    ]);
  });

  test('gives services a view of what is durable, of actors that live', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const n2 = peer('n2');
    expect([n1.isAlive(address), n1.view(counter)]).toEqual([false, undefined]);
    n1.start(counter, { input: {} });
    settle();
    n2.say(address, add(3));
    settle();
    expect([n1.isAlive(address), n1.view(counter)]).toEqual([true, { count: 0 }]);
    journal.flush();
    settle();
    expect(n1.view(counter)).toEqual({ count: 3 });
    expect(n1.view(counter, 'another')).toBeUndefined();
  });

  test('hands a message to oneself over after the record that went before it is durable', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const n2 = peer('n2');
    const outputs = outputsOf(n1.start(counter, { input: {} }));
    n2.say(address, add(1));
    n2.say(address, add(1));
    settle();
    expect(journal.waiting).toHaveLength(2);
    journal.flush(1);
    settle();
    expect(outputs).toEqual([{ type: 'count', count: 1 }]);
    journal.flush(1);
    settle();
    expect(outputs.map((output) => output.type)).toEqual(['count', 'count', 'noted', 'noted']);
  });

  test('is born again from what was durable when it crashed', () => {
    const { node, settle, peer, network, clock } = bench();
    const { node: n1, journal } = node('n1');
    n1.start(counter, { input: {} });
    const n2 = peer('n2');
    n2.say(address, add(2));
    settle();
    journal.flush();
    n2.say(address, add(5));
    settle();
    void n1.stop();
    const reborn = createNode({
      id: 'n1',
      bus: network.join('n1'),
      journal: createManualJournal('n1', journal.durable),
      environment: { clock, randomness: seededRandomness(2), ids: { next: () => 'id' } },
    });
    expect(reborn.start(counter, { input: {} }).getSnapshot().context.count).toBe(2);
  });

  test('starts an actor on a first message, and from records, where its definition allows it', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1', { definitions: [counter] });
    const n2 = peer('n2');
    n2.say('n1/test.counter/a', { type: 'counted' });
    settle();
    expect(n1.actors()).toEqual([]);
    n2.say('n1/test.counter/a', add(4));
    settle();
    journal.flush();
    settle();
    expect(n1.actors()).toEqual(['n1/test.counter/a']);
    expect(n2.heard).toEqual([{ type: 'counted' }]);
    const second = node('n3', {
      definitions: [counter],
      journal: createManualJournal(
        'n3',
        new Map([['n3/test.counter/b', [{ version: 1, record: { type: 'added', ...{ amount: 7 } } }]]]),
      ),
    });
    expect(() => second.node.peek('n3/test.counter/b')).not.toThrow();
    expect(second.node.actors()).toEqual(['n3/test.counter/b']);
  });

  test('tells the sender that nobody lives at an address', () => {
    const { node, settle, peer } = bench();
    node('n1');
    const n2 = peer('n2');
    const losses: string[] = [];
    n2.bus.losses.subscribe(({ reason, address: absent }) => losses.push(`${absent} ${reason}`));
    n2.say('n1/test.counter/nobody', add(1));
    settle();
    expect(losses).toEqual(['n1/test.counter/nobody absent']);
  });

  test('tells an actor whom the bus could not reach', () => {
    const { node, settle, peer, network } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const n2 = peer('n2');
    n2.say(address, add(1));
    settle();
    void n2.bus.close();
    journal.flush();
    settle();
    expect(network.nodes()).toEqual(['n1']);
    expect(handle.getSnapshot().context.unreachable[0]).toMatch(/^n2 /);
  });

  test('refuses messages that the definition does not take, also those an actor says only to itself', () => {
    const { node, settle, peer } = bench();
    const { node: n1 } = node('n1');
    n1.start(counter, { input: {} });
    const seen: InspectionEvent[] = [];
    n1.inspection.subscribe((event) => seen.push(event));
    const n2 = peer('n2');
    n2.say(address, { type: 'noted' });
    n2.say(address, { type: 'ask' });
    n2.say(address, { type: 'add' });
    settle();
    const reasons = seen.flatMap((event) => (event.type === 'refused' ? event.reason : []));
    expect(reasons).toHaveLength(3);
    expect(reasons[0]).toMatch(/takes no message 'noted'/);
    expect(reasons[2]).toMatch(/'add' is malformed at amount/);
    expect(n1.isRunning).toBe(true);
  });

  test('tells what it refuses of those who ask through handles, and warns of that in development', () => {
    const { node, settle } = bench();
    const warnings: string[] = [];
    const ofHandle = (development: boolean) => {
      const { node: made } = node(development ? 'n1' : 'n2', { development, warn: (text) => warnings.push(text) });
      const refusals: Refused[] = [];
      made.refusals.subscribe((it) => refusals.push(it));
      const handle: { readonly id: string; send(request: Tagged): void } = made.start(counter, { input: {} });
      handle.send({ type: 'nonsense' });
      settle();
      return { id: handle.id, refusals };
    };
    for (const { id, refusals } of [ofHandle(true), ofHandle(false)]) {
      expect(refusals).toEqual([
        {
          to: id,
          from: id,
          message: { type: 'nonsense' },
          kind: 'malformed',
          reason: expect.stringContaining('nonsense'),
        },
      ]);
    }
    expect(warnings).toEqual([
      expect.stringMatching(/'n1\/test\.counter\/' refused the request 'nonsense': .*takes no request/),
    ]);
  });

  test('refuses delays by name that would replace none', () => {
    const { node } = bench();
    const { node: n1 } = node('n1');
    const start = () => n1.start(counter, { input: {}, delays: { pauze: fixed(1) } });
    expect(start).toThrow(/expected delays that it has, got 'pauze'; it has pause, never/);
  });

  test('stops an actor whose rule throws, and nothing else', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const other = n1.start(counter, { key: 'other', input: {} });
    settle();
    handle.send({ type: 'misbehave' });
    settle();
    expect(handle.getSnapshot().status).toBe('error');
    expect(handle.getSnapshot().error).toMatchObject({ code: 'ACTOR_FAILED' });
    expect(n1.actors()).toEqual(['n1/test.counter/other']);
    const n2 = peer('n2');
    n2.say('n1/test.counter/other', add(2));
    settle();
    journal.flush();
    expect(other.getSnapshot().context.count).toBe(2);
  });

  test('stops an actor that draws a delay which is not finite', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1');
    const handle = n1.start(counter, { input: {} });
    settle();
    handle.send({ type: 'waitForEver' });
    settle();
    expect(handle.getSnapshot().status).toBe('error');
    expect(String(handle.getSnapshot().error)).toMatch(/'never' to be 0 ms or more and finite/);
  });

  test('stops for good when a flush fails, and acknowledges nothing that waited for it', async () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    handle.subscribe({ error: () => void n1.stop() });
    const failures = lastValueFrom(n1.failure.pipe(toArray()));
    const n2 = peer('n2');
    n2.say(address, add(1));
    settle();
    journal.fail(new Error('EIO'));
    settle();
    expect(n2.heard).toEqual([]);
    expect(n1.isRunning).toBe(false);
    expect(handle.getSnapshot().status).toBe('error');
    await expect(failures).resolves.toMatchObject([{ code: 'NODE_FAILED' }]);
    expect(() => n1.start(counter, { key: 'again', input: {} })).toThrow(/has stopped/);
  });

  test('forgets the records of an actor that has reached its final state, after its last effects', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const n2 = peer('n2');
    n2.say(address, add(1));
    settle();
    handle.send({ type: 'end' });
    settle();
    expect(n1.actors()).toEqual([address]);
    journal.flush();
    settle();
    expect(n2.heard).toEqual([{ type: 'counted' }]);
    expect(n1.actors()).toEqual([]);
    expect(handle.getSnapshot().status).toBe('done');
    journal.flush();
    expect(journal.durable.size).toBe(0);
  });

  test('fires timers, with delays that the application may replace, and none of a stopped actor', () => {
    const { node, clock, settle } = bench();
    const { node: n1 } = node('n1');
    const handle = n1.start(counter, { input: {}, delays: { pause: { minMs: 10, maxMs: 10 } } });
    const outputs = outputsOf(handle);
    settle();
    handle.send({ type: 'tick' });
    clock.advance(9);
    expect(outputs).toEqual([]);
    clock.advance(1);
    expect(outputs).toEqual([{ type: 'ticked' }]);
    handle.send({ type: 'tick' });
    void n1.stop();
    clock.advance(100);
    expect(outputs).toHaveLength(1);
  });

  test('refuses records of another version by name', () => {
    const { node } = bench();
    const journal = createManualJournal('n1', new Map([[address, [{ version: 2, record: add(1) }]]]));
    const { node: n1 } = node('n1', { journal });
    expect(() => n1.start(counter, { input: {} })).toThrow(RecordsVersionError);
  });

  test('pushes back on requests while too many bytes wait for the disk', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1', { limits: { unflushedBytes: 1 } });
    n1.start(counter, { input: {} });
    const n2 = peer('n2');
    n2.say(address, add(1));
    n2.say(address, add(1));
    settle();
    expect(() => n1.request(address, { type: 'tick' })).toThrow(NodeOverloadedError);
    journal.flush();
    expect(() => n1.request(address, { type: 'tick' })).not.toThrow();
  });

  test('numbers what it reports, without gaps', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    n1.start(counter, { input: {} });
    const n2 = peer('n2');
    n2.say(address, add(1));
    settle();
    const seen: InspectionEvent[] = [];
    const looking = n1.inspection.subscribe((event) => seen.push(event));
    journal.flush();
    n2.say(address, add(1));
    settle();
    looking.unsubscribe();
    expect(seen.map((event) => event.type)).toEqual(['flushed', 'released', 'role', 'step', 'step']);
    const step = seen.find((event) => event.type === 'step' && event.cause.type === 'add');
    expect(step).toMatchObject({ node: 'n1', actor: address, from: 'n2/test.peer/', pending: 3, state: 'even' });
    expect(seen.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  });

  test('opens an address for plain code', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1');
    const { node: n2 } = node('n2');
    const here = n1.open('service', '', {});
    const there = n2.open('service', '', { add: v.object({ amount: v.number() }) });
    const received: unknown[] = [];
    there.received.subscribe((each) => received.push(each));
    here.send(there.address, add(9));
    here.send(there.address, { type: 'nonsense' });
    settle();
    expect(received).toEqual([{ from: 'n1/service/', message: { type: 'add', amount: 9 } }]);
    there.close();
    expect(() => n2.open('service', '', {})).not.toThrow();
  });

  test('is waited for as XState waits for its own actors', async () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const odd = waitFor(handle, (snapshot) => snapshot.hasTag('odd'));
    peer('n2').say(address, add(1));
    settle();
    journal.flush();
    settle();
    await expect(odd).resolves.toMatchObject({ context: { count: 1 } });
  });
});

describe('a resource', () => {
  const asking = (resource: Resource) => {
    const made = bench();
    const { node: n1 } = made.node('n1', { resources: { store: resource } });
    const handle = n1.start(counter, { input: {} });
    made.settle();
    return { ...made, handle, answers: () => handle.getSnapshot().context.answers };
  };

  test('answers once, however often it calls back', () => {
    const { handle, settle, answers } = asking({
      perform(_operation, answer) {
        answer({ type: 'done', value: 1 });
        answer({ type: 'refused', error: 'twice' });
      },
      close: async () => {},
    });
    handle.send({ type: 'ask', resource: 'store' });
    settle();
    expect(answers()).toEqual(['done']);
  });

  test('is taken to have answered unknown after the deadline, and later answers are dropped', () => {
    let late: ((result: Result) => void) | undefined;
    const { handle, clock, answers } = asking({
      perform(_operation, answer) {
        late = answer;
      },
      close: async () => {},
    });
    handle.send({ type: 'ask', resource: 'store' });
    clock.advance(100);
    expect(answers()).toEqual(['unknown']);
    late?.({ type: 'done', value: 1 });
    clock.advance(0);
    expect(answers()).toEqual(['unknown']);
  });

  test('that throws, or is not there, leaves the outcome unknown', () => {
    const { handle, settle, answers } = asking({
      perform() {
        throw new Error('driver bug');
      },
      close: async () => {},
    });
    handle.send({ type: 'ask', resource: 'store' });
    handle.send({ type: 'ask', resource: 'elsewhere' });
    settle();
    expect(answers()).toEqual(['unknown', 'unknown']);
  });
});
