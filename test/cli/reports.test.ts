import pc from 'picocolors';
import { expect, test } from 'vitest';
import { createLog } from '../../src/cli/log.ts';
import { lineOf, reportIn } from '../../src/cli/reports.ts';

const colours = pc.createColors(false);

test('a change of role is a line with what it was, by which message of which node, and the rule', () => {
  const report = reportIn({
    type: 'role',
    id: 'n1',
    role: 'leader',
    remark: 'in term 3',
    former: 'candidate',
    event: 'voteReply',
    from: 'n2/raft.server/kv',
    rules: ['Raft §5.2'],
  });
  expect(report && lineOf(report, colours)).toBe('leader in term 3  (was candidate; voteReply from n2; Raft §5.2)');
});

test('the first role of a node needs no reason, and one that it gave itself no sender', () => {
  const first = { type: 'role', id: 'n1', role: 'follower', remark: 'in term 0' } as const;
  expect(lineOf(first, colours)).toBe('follower in term 0');
  const own = { ...first, former: 'leader', event: 'quorumTimeout', from: 'n1/raft.server/kv', rules: [] };
  expect(lineOf(own, colours)).toBe('follower in term 0  (was leader; quorumTimeout)');
});

function logged(isForPeople: boolean): string {
  const lines: string[] = [];
  const terminal = { out: (text: string) => lines.push(text), err: () => {}, outColours: colours, errColours: colours };
  createLog(terminal, isForPeople, { group: 'db' }).warn({ server: 'r1' }, 'server suspected');
  return lines.join('\n');
}

test('a log is for people where they look at a terminal, and else a line of JSON', () => {
  expect(logged(true)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}server suspected server=r1$/);
  expect(JSON.parse(logged(false))).toMatchObject({
    level: 'warn',
    group: 'db',
    server: 'r1',
    msg: 'server suspected',
  });
});
