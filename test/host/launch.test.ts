import { describe, expect, test } from 'vitest';
import type { Tagged } from '../../statecharts/actor.ts';
import { add, address, bench } from './bench.ts';
import { counter } from './counter.ts';

/** What an observer hears, and how to listen. */
const listening = () => {
  const heard: unknown[] = [];
  return {
    heard,
    observer: {
      delivered: (output: Tagged) => void heard.push(output),
      ended: (error?: Error) => void heard.push(error === undefined ? 'ended' : error.message),
    },
  };
};

describe('an actor that was launched without a handle', () => {
  test('tells its observer what it delivers, once that is durable, and of its end', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    const { heard, observer } = listening();
    expect(n1.launch(counter, { input: {}, observer })).toBe(address);
    peer('n2').say(address, add(3));
    settle();
    expect(heard).toEqual([]);
    journal.flush();
    settle();
    const delivered = [
      { type: 'count', count: 3 },
      { type: 'noted', count: 3 },
    ];
    expect(heard).toEqual(delivered);
    n1.request(address, { type: 'end' });
    settle();
    expect(heard).toEqual([...delivered, 'ended']);
    expect(n1.actors()).toEqual([]);
  });

  test('tells its observer of its failure, and that the node was stopped', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1');
    const failing = listening();
    const stopped = listening();
    n1.launch(counter, { key: 'a', input: {}, observer: failing.observer });
    n1.launch(counter, { key: 'b', input: {}, observer: stopped.observer });
    n1.request('n1/test.counter/a', { type: 'misbehave' });
    settle();
    expect(failing.heard).toEqual([expect.stringContaining('a rule misbehaved')]);
    void n1.stop();
    expect(stopped.heard).toEqual(['ended']);
  });

  test('is not harmed by an observer that throws', () => {
    const { node, settle, clock } = bench();
    const { node: n1 } = node('n1');
    n1.launch(counter, {
      input: {},
      observer: {
        delivered() {
          throw new Error('the observer is broken');
        },
      },
    });
    settle();
    n1.request(address, { type: 'tick' });
    expect(() => clock.advance(50)).toThrow('the observer is broken');
    settle();
    expect(n1.actors()).toEqual([address]);
  });

  test('leaves nothing to be forgotten in the journal when it has written nothing', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    n1.launch(counter, { key: 'idle', input: {} });
    n1.request('n1/test.counter/idle', { type: 'end' });
    settle();
    expect(journal.waiting).toEqual([]);
    n1.launch(counter, { input: {} });
    peer('n2').say(address, add(1));
    settle();
    n1.request(address, { type: 'end' });
    journal.flush();
    settle();
    expect(journal.waiting).toEqual([[expect.objectContaining({ actor: address, replaces: 'forget' })]]);
  });
});

describe('the handle of an actor', () => {
  test('can be had of one that was launched, or born of a message, and shows what is durable', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1', { definitions: [counter] });
    const n2 = peer('n2');
    n2.say(address, add(3));
    settle();
    const handle = n1.handleOf(counter);
    expect(handle?.getSnapshot().context.count).toBe(0);
    journal.flush();
    settle();
    expect(handle?.getSnapshot().context.count).toBe(3);
    expect(n1.handleOf(counter)).toBe(handle);
    n1.launch(counter, { key: 'other', input: {} });
    expect(n1.handleOf(counter, 'other')?.id).toBe('n1/test.counter/other');
  });

  test('is none of an actor that is not alive', () => {
    const { node } = bench();
    expect(node('n1').node.handleOf(counter)).toBeUndefined();
  });
});
