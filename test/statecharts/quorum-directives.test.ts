/**
 * What quorums decide, as tables after the kinds of case that etcd's published directives for quorums go through: one
 * majority and joint ones, of how far members have come and of how they voted. The cases are ours, worked out by the
 * rules of Raft §3.4, §3.6 and §4.3.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMet, isQuorum, jointOf, majorityOf, type Quorum, reachedBy } from '../../statecharts/quorum.ts';

/** `1 2 3` is a majority of these; `1 2 3 | 3 4` a majority of each. */
const membersIn = (group: string): readonly string[] => group.split(' ').filter((it) => it !== '');
const quorumOf = (text: string): Quorum => jointOf(...text.split('|').map((group) => majorityOf(membersIn(group))));

/** `1=30 2=20`: how far members have come; those not named are not heard of. */
function reachedIn(text: string): (member: string) => number {
  const reached = new Map(
    membersIn(text)
      .map((it) => it.split('='))
      .map(([member, far]) => [member, Number(far)]),
  );
  return (member) => reached.get(member) ?? 0;
}

describe('what is committed', () => {
  test.each<[string, string, string, number]>([
    // Alone, a member decides; of two, both must.
    ['one', '1', '1=12', 12],
    ['one that is not heard of', '1', '', 0],
    ['two, of which one is not heard of', '1 2', '1=12', 0],
    ['two, of which one is behind', '1 2', '1=12 2=5', 5],
    // Of an odd number, the one in the middle.
    ['three at one place', '1 2 3', '1=7 2=7 3=7', 7],
    ['three, of which one is ahead', '1 2 3', '1=90 2=10 3=11', 11],
    ['three, of which one is not heard of', '1 2 3', '2=14 3=13', 13],
    ['three, of which two are not heard of', '1 2 3', '3=13', 0],
    ['five, all apart', '1 2 3 4 5', '1=50 2=10 3=40 4=20 5=30', 30],
    ['five, of which two are not heard of', '1 2 3 4 5', '1=50 3=40 5=30', 30],
    // Of an even number, one more than half.
    ['four, two of which are ahead', '1 2 3 4', '1=9 2=9 3=4 4=3', 4],
    ['six, half of which are ahead', '1 2 3 4 5 6', '1=9 2=9 3=9 4=4 5=3 6=2', 4],
    // Others do not count, however far they are.
    ['three, and a stranger', '1 2 3', '1=5 4=99 5=99', 0],
    // Jointly: what both have.
    ['the same three twice', '1 2 3 | 1 2 3', '1=90 2=10 3=11', 11],
    ['two sets that share nobody, of which one is ahead', '1 2 3 | 4 5 6', '1=8 2=8 3=8 4=3 5=2 6=1', 2],
    ['the same, the other way about', '4 5 6 | 1 2 3', '1=8 2=8 3=8 4=3 5=2 6=1', 2],
    ['two sets, of which one is not heard of', '1 2 3 | 4 5 6', '1=8 2=8 3=8', 0],
    ['one that comes, and is behind', '1 2 3 | 1 2 3 4', '1=8 2=8 3=1 4=1', 1],
    ['one that comes, and has caught up', '1 2 3 | 1 2 3 4', '1=8 2=8 3=1 4=8', 8],
    ['one that goes, and is ahead', '1 2 3 | 1 2', '1=4 2=2 3=9', 2],
    ['one that goes, and is behind', '1 2 3 | 1 2', '1=4 2=4 3=0', 4],
    ['all but one that go', '1 2 3 | 1', '1=6 2=5 3=5', 5],
    ['a leader that goes, and alone has an entry', '1 2 3 | 2 3', '1=9 2=7 3=6', 6],
    ['one for another, with those who stay at one place', '1 2 3 | 1 2 4', '1=5 2=5', 5],
    ['one for another, with one of those who stay', '1 2 3 | 1 2 4', '1=5 3=5', 0],
    ['one for another, and both of these with one who stays', '1 2 3 | 1 2 4', '1=5 3=5 4=5', 5],
    ['two for two, of five', '1 2 3 4 5 | 1 2 3 6 7', '1=9 2=9 4=9 6=3', 3],
    // Nobody at all decides nothing, and demands nothing beside others.
    ['nobody', '', '1=9', 0],
  ])('by %s: %s at %s', (_, members, reached, committed) => {
    expect(reachedBy(quorumOf(members), reachedIn(reached))).toBe(committed);
  });
});

/** How a vote stands. It is lost when not even all who have not voted yet would make it a quorum. */
function outcomeOf(quorum: Quorum, yes: readonly string[], no: readonly string[]): 'won' | 'lost' | 'open' {
  if (isQuorum(quorum, yes)) return 'won';
  return isMet(quorum, (member) => !no.includes(member)) ? 'open' : 'lost';
}

describe('a vote', () => {
  test.each<[string, string, string, 'won' | 'lost' | 'open']>([
    ['1', '', '', 'open'],
    ['1', '1', '', 'won'],
    ['1', '', '1', 'lost'],
    ['1 2', '1', '', 'open'],
    ['1 2', '1', '2', 'lost'],
    ['1 2', '1 2', '', 'won'],
    ['1 2 3', '', '', 'open'],
    ['1 2 3', '2', '', 'open'],
    ['1 2 3', '2', '1', 'open'],
    ['1 2 3', '2 3', '', 'won'],
    ['1 2 3', '2 3', '1', 'won'],
    ['1 2 3', '3', '1 2', 'lost'],
    // Half of an even number wins nothing, and its denial is enough.
    ['1 2 3 4', '1 2', '', 'open'],
    ['1 2 3 4', '1 2', '3 4', 'lost'],
    ['1 2 3 4', '1 2 4', '3', 'won'],
    ['1 2 3 4 5', '1 2', '3 4', 'open'],
    ['1 2 3 4 5', '1 2 5', '3 4', 'won'],
    // A stranger's voice is none.
    ['1 2 3', '1 7 8', '', 'open'],
    ['1 2 3', '1', '7 8', 'open'],
    // Jointly: won by both, lost by either.
    ['1 2 3 | 4 5 6', '1 2 3', '', 'open'],
    ['1 2 3 | 4 5 6', '1 2 3', '4 5', 'lost'],
    ['1 2 3 | 4 5 6', '1 2 4 6', '3 5', 'won'],
    ['1 2 3 | 4 5 6', '', '1 2', 'lost'],
    ['1 2 3 | 1 2 3', '1 3', '2', 'won'],
    ['1 2 3 | 1 2 4', '1 2', '', 'won'],
    ['1 2 3 | 1 2 4', '1 3', '', 'open'],
    ['1 2 3 | 1 2 4', '1 3', '2 4', 'lost'],
    ['1 2 3 | 1 2 3 4', '1 2', '3', 'open'],
    ['1 2 3 | 1 2 3 4', '1 2', '3 4', 'lost'],
    ['1 2 3 | 1 2', '1 3', '', 'open'],
    ['1 2 3 | 1 2', '1 3', '2', 'lost'],
    ['1 2 | 1', '1', '2', 'lost'],
    // Nobody elects nobody.
    ['', '1', '', 'lost'],
  ])('of %s, with yes of %s and no of %s, is %s', (members, yes, no, outcome) => {
    expect(outcomeOf(quorumOf(members), membersIn(yes), membersIn(no))).toBe(outcome);
  });
});

describe('jointly', () => {
  const names = ['1', '2', '3', '4', '5', '6', '7'];
  const voters = fc.subarray(names, { minLength: 1 });
  const far = fc.array(fc.nat(5), { minLength: names.length, maxLength: names.length });
  const voice = fc.constantFrom('yes', 'no', 'none');
  const voices = fc.array(voice, { minLength: names.length, maxLength: names.length });

  test('that is committed which both have, in whichever order they are named', () => {
    fc.assert(
      fc.property(voters, voters, far, (one, other, numbers) => {
        const reached = (member: string): number => numbers[names.indexOf(member)] ?? 0;
        const [before, after] = [majorityOf(one), majorityOf(other)];
        const both = Math.min(reachedBy(before, reached), reachedBy(after, reached));
        expect(reachedBy(jointOf(before, after), reached)).toBe(both);
        expect(reachedBy(jointOf(after, before), reached)).toBe(both);
      }),
    );
  });

  test('a vote is won by both and lost by either', () => {
    fc.assert(
      fc.property(voters, voters, voices, (one, other, said) => {
        const saying = (what: string): string[] => names.filter((_, at) => said[at] === what);
        const outcome = (quorum: Quorum): string => outcomeOf(quorum, saying('yes'), saying('no'));
        const [before, after] = [outcome(majorityOf(one)), outcome(majorityOf(other))];
        const either = before === 'lost' || after === 'lost' ? 'lost' : 'open';
        const expected = before === 'won' && after === 'won' ? 'won' : either;
        expect(outcome(jointOf(majorityOf(one), majorityOf(other)))).toBe(expected);
      }),
    );
  });
});
