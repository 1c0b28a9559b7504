import { describe, expect, test } from 'vitest';
import { fragmentOf, readPlace } from '../../src/dashboard/model/place.ts';
import {
  type Playback,
  playing,
  positionOf,
  stepped,
  stoppedAt,
  ticked,
  toMark,
} from '../../src/dashboard/model/playback.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { trafficAt } from '../../src/dashboard/model/traffic.ts';
import { head, Teller, twoElections } from './feeds.ts';

const items = twoElections();
const timelineOf = (told = items): Timeline => {
  const timeline = new Timeline();
  timeline.add([head, ...told]);
  return timeline;
};

describe('a page on a time line', () => {
  test('follows what happens while it is live', () => {
    const timeline = timelineOf(items.slice(0, 10));
    expect(positionOf({ mode: 'live' }, timeline)).toBe(10);
    timeline.add(items.slice(10));
    expect(positionOf({ mode: 'live' }, timeline)).toBe(items.length);
  });

  test('steps back from there, and stops at both ends', () => {
    const timeline = timelineOf();
    const end = items.length;
    expect(stepped({ mode: 'live' }, timeline, -1)).toEqual({ mode: 'stopped', position: end - 1 });
    expect(stepped(stoppedAt(end, timeline), timeline, 1)).toEqual({ mode: 'stopped', position: end });
    expect(stepped(stoppedAt(0, timeline), timeline, -1)).toEqual({ mode: 'stopped', position: 0 });
  });

  test('goes from one change of role to the next, and back', () => {
    const timeline = timelineOf();
    const [first, second] = timeline.marks().filter(({ kind }) => kind === 'role');
    const there = toMark(stoppedAt((second?.position ?? 0) - 1, timeline), timeline, 1);
    expect(there).toEqual({ mode: 'stopped', position: second?.position });
    expect(toMark(there, timeline, -1)).toEqual({ mode: 'stopped', position: first?.position });
  });

  test('plays as fast as it is told, through everything once', () => {
    const timeline = timelineOf();
    const [begin = 0, end = 0] = [timeline.atMs(1), timeline.atMs(timeline.end)];
    for (const speed of [1, 4]) {
      let playback: Playback = playing(stoppedAt(0, timeline), timeline, speed);
      const seen: number[] = [];
      let elapsedMs = 0;
      while (playback.mode === 'playing') {
        playback = ticked(playback, timeline, 10, 'nodes');
        seen.push(positionOf(playback, timeline));
        elapsedMs += 10;
      }
      expect(seen).toEqual([...seen].sort((one, other) => one - other));
      expect(playback).toEqual({ mode: 'stopped', position: timeline.end });
      expect(elapsedMs * speed).toBeGreaterThan(end - begin);
      expect(elapsedMs * speed).toBeLessThan(end - begin + 100);
    }
  });

  test('cuts long silence short', () => {
    const teller = new Teller();
    teller.sends('n1', 'n2', { type: 'beat' });
    teller.after(3_600_000).sends('n1', 'n2', { type: 'beat' });
    const timeline = timelineOf(teller.items);
    let playback: Playback = playing(stoppedAt(1, timeline), timeline, 1);
    for (let elapsedMs = 0; elapsedMs < 2_000; elapsedMs += 100) playback = ticked(playback, timeline, 100, 'nodes');
    expect(positionOf(playback, timeline)).toBe(2);
  });

  test('begins from the beginning where it stands at the end', () => {
    const timeline = timelineOf();
    expect(playing({ mode: 'live' }, timeline, 1)).toMatchObject({ mode: 'playing', position: 0 });
  });
});

describe('the place in the URL', () => {
  const views = ['cluster', 'charts'];

  test('is read as it was written', () => {
    const place = { view: 'charts', at: 12, actor: 'n1/raft.server/kv', chart: 'raft.server' };
    expect(fragmentOf(place)).toBe('view=charts&at=12&actor=n1/raft.server/kv&chart=raft.server');
    expect(readPlace(`#${fragmentOf(place)}`, views)).toEqual(place);
  });

  test('keeps a token out of what is shared', () => {
    const { token, ...place } = readPlace('#token=secret&view=charts', views);
    expect(token).toBe('secret');
    expect(fragmentOf(place)).toBe('view=charts');
  });

  test.each(['', '#', '#view=else&at=-1', '#at=x'])('%j is the first view, live', (fragment) => {
    expect(readPlace(fragment, views)).toEqual({ view: 'cluster' });
  });
});

describe('traffic', () => {
  test('counts what left and what was lost within the window', () => {
    const teller = new Teller();
    teller.sends('n1', 'n2', { type: 'old' });
    teller.after(1_000);
    for (let round = 0; round < 3; round += 1) teller.after(10).sends('n1', 'n2', { type: 'beat' });
    teller.sends('n1', 'n2', { type: 'vote' });
    teller.loses('n1', 'n2', { type: 'vote' });
    const { links, windowMs } = trafficAt(timelineOf(teller.items), teller.items.length, 500);
    expect([...links]).toEqual([
      [
        'n1 n2',
        {
          from: 'n1',
          to: 'n2',
          sent: 4,
          lost: 1,
          types: [
            ['beat', 3],
            ['vote', 1],
          ],
        },
      ],
    ]);
    expect(windowMs).toBe(500);
  });

  test('is of the moment that is looked at', () => {
    const teller = new Teller();
    for (let round = 0; round < 3; round += 1) teller.sends('n1', 'n2', { type: 'beat' });
    expect(trafficAt(timelineOf(teller.items), 1, 500).links.get('n1 n2')?.sent).toBe(1);
  });
});
