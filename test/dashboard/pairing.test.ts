import { describe, expect, test } from 'vitest';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { head, Teller } from './feeds.ts';

const follower = { role: 'follower', value: 'follower', term: 1 };
const beat = (round: number) => ({ type: 'append', round });

const timelineOf = ({ items }: Teller, limits = {}): Timeline => {
  const timeline = new Timeline(limits);
  timeline.add([head, ...items]);
  return timeline;
};

describe('messages and the steps that take them in', () => {
  test('are paired by content where they overtake each other', () => {
    const teller = new Teller();
    const [first, second] = [teller.sends('n1', 'n2', beat(1)), teller.sends('n1', 'n2', beat(2))];
    const late = teller.after(1).steps('n2', 'n1', beat(2), follower);
    const early = teller.steps('n2', 'n1', beat(1), follower);
    const timeline = timelineOf(teller);
    expect(timeline.stepOf(first)?.id).toBe(early);
    expect(timeline.stepOf(second)?.id).toBe(late);
    expect(timeline.sentOf(late)?.id).toBe(second);
  });

  test('are paired in their order where their content is the same', () => {
    const teller = new Teller();
    const sent = [teller.sends('n1', 'n2', beat(1)), teller.after(1).sends('n1', 'n2', beat(1))];
    const taken = [teller.steps('n2', 'n1', beat(1), follower), teller.steps('n2', 'n1', beat(1), follower)];
    const timeline = timelineOf(teller);
    expect(sent.map((id) => timeline.stepOf(id)?.id)).toEqual(taken);
  });

  test('are paired whichever of the two is told first', () => {
    const teller = new Teller();
    const taken = teller.steps('n2', 'n1', beat(1), follower);
    const sent = teller.sends('n1', 'n2', beat(1));
    expect(timelineOf(teller).stepOf(sent)?.id).toBe(taken);
  });

  test('are no pair where the step was long before the message', () => {
    const teller = new Teller();
    teller.steps('n2', 'n1', beat(1), follower);
    const sent = teller.after(60_000).sends('n1', 'n2', beat(1));
    expect(timelineOf(teller).stepOf(sent)).toBeUndefined();
  });

  test('are no pair where the message went to another actor', () => {
    const teller = new Teller();
    const sent = teller.sends('n1', 'n3', beat(1));
    const taken = teller.steps('n2', 'n1', beat(1), follower);
    const timeline = timelineOf(teller);
    expect([timeline.stepOf(sent), timeline.sentOf(taken)]).toEqual([undefined, undefined]);
  });

  test('are paired as the source says, where it says so', () => {
    const teller = new Teller();
    const [first, second] = [teller.sends('n1', 'n2', beat(1)), teller.sends('n1', 'n2', beat(1))];
    const taken = teller.steps('n2', 'n1', beat(1), follower, { sent: second });
    const next = teller.steps('n2', 'n1', beat(1), follower);
    const timeline = timelineOf(teller);
    expect(timeline.stepOf(second)?.id).toBe(taken);
    expect(timeline.stepOf(first)?.id).toBe(next);
  });

  test('are no pair once the message is lost', () => {
    const teller = new Teller();
    const lost = teller.sends('n1', 'n2', beat(1));
    teller.loses('n1', 'n2', beat(1));
    const sent = teller.sends('n1', 'n2', beat(1));
    const taken = teller.steps('n2', 'n1', beat(1), follower);
    const timeline = timelineOf(teller);
    expect([timeline.isLost(lost), timeline.isLost(sent)]).toEqual([true, false]);
    expect(timeline.stepOf(lost)).toBeUndefined();
    expect(timeline.stepOf(sent)?.id).toBe(taken);
  });

  test('are compared without what a transport adds', () => {
    const teller = new Teller();
    const sent = teller.sends('n1', 'n2', beat(1));
    const taken = teller.steps('n2', 'n1', { ...beat(1), from: 'n1/raft.server/kv', atMs: 12 }, follower);
    expect(timelineOf(teller).stepOf(sent)?.id).toBe(taken);
  });

  test('wait for each other only so long as there is room', () => {
    const teller = new Teller();
    const first = teller.sends('n1', 'n2', { type: 'vote' });
    for (let round = 0; round < 10; round += 1) teller.sends('n1', 'n2', beat(round));
    teller.steps('n2', 'n1', { type: 'vote' }, follower);
    expect(timelineOf(teller).stepOf(first)).toBeDefined();
    expect(timelineOf(teller, { unpaired: 5 }).stepOf(first)).toBeUndefined();
  });
});
