/** Whom a node reaches, as the members of its log change. */

import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import type { HostPort } from '../../src/bus/tcp.ts';
import { followMembers, MemberPlaceMissingError, MemberRetiredError } from '../../src/services/member-peers.ts';
import type { LogMembership } from '../../src/services/store/log/members.ts';

const at = (port: number): HostPort => ({ host: 'h', port });

const nobody = { nextVoters: null, learners: [], change: null, retired: [], places: {}, index: 1, isSettled: true };

/** A node that was told of n1 and n3, and the members that its log says one after the other. */
function following(id: string, first: readonly string[], places: Readonly<Record<string, string>> = {}) {
  const changes = new Subject<void>();
  let voters = first;
  let hasLeft = false;
  const reachableOf = (): ReadonlyMap<string, string | undefined> =>
    new Map(voters.filter((it) => it !== id).map((it) => [it, places[it]]));
  let reachable = reachableOf();
  const membership: LogMembership = {
    members: () => ({ ...nobody, voters: [...voters] }),
    reachable: () => reachable,
    founders: undefined,
    whyFixed: undefined,
    get hasLeft() {
      return hasLeft;
    },
    replace: () => {},
    reconfigure: () => {},
  };
  const set: Readonly<Record<string, HostPort>>[] = [];
  const told = { n1: at(1), n3: at(3) };
  const peers = followMembers({ id, store: { membership, changes }, bus: { setPeers: (it) => set.push(it) }, told });
  const notices: string[] = [];
  const ends: unknown[] = [];
  peers.notices.subscribe(({ code, message }) => notices.push(`${code} ${message}`));
  peers.departures.subscribe((error) => ends.push(error));
  return {
    set,
    notices,
    ends,
    become(next: readonly string[]) {
      voters = next;
      reachable = reachableOf();
      changes.next();
    },
    leave() {
      hasLeft = true;
      changes.next();
    },
  };
}

test('a node that catches up comes by members of former times, reaches those whose places it knows, and goes on', () => {
  const node = following('n4', []);
  node.become(['n1', 'n2', 'n3']);
  expect(node.set.at(-1)).toEqual({ n1: at(1), n3: at(3) });
  expect(node.notices).toEqual([
    expect.stringMatching(/^MEMBER_PLACE_MISSING .* of 'n4' .* where 'n2' listens; start it with --peer n2=HOST:PORT$/),
  ]);
  node.become(['n1', 'n3', 'n4']);
  expect(node.set.at(-1)).toEqual({ n1: at(1), n3: at(3) });
  expect(node.notices).toHaveLength(1);
  expect(node.ends).toEqual([]);
});

test('it begins again where it was killed on the way', () => {
  const node = following('n4', ['n1', 'n2', 'n3']);
  expect(node.set).toEqual([{ n1: at(1), n3: at(3) }]);
  expect(node.notices).toHaveLength(1);
});

test('a member does not begin without the place of another one', () => {
  expect(() => following('n3', ['n1', 'n2', 'n3'])).toThrow(MemberPlaceMissingError);
  expect(following('n3', ['n1', 'n2', 'n3'], { n2: 'h:2' }).set).toEqual([{ n1: at(1), n3: at(3), n2: at(2) }]);
});

test('a node that has left ends', () => {
  const node = following('n1', ['n1', 'n3']);
  node.leave();
  expect(node.ends).toEqual([expect.any(MemberRetiredError)]);
});
