import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeldBudget, HeldReplies } from '../../../src/services/proxy/held-replies.ts';
import { type RoundResult, Rounds } from '../../../src/services/proxy/rounds.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';

const confirmed: RoundResult = { type: 'confirmed' };
const unconfirmed: RoundResult = { type: 'unconfirmed', why: 'no replica' };

/** Rounds that end when the test says so, and clients that say what they were shown. */
function lab(limits = { heldBytes: 1_000, heldBytesPerClient: 100 }) {
  const clock = createVirtualClock();
  const budget = new HeldBudget(limits);
  const asked: { readonly resolve: (result: RoundResult) => void; readonly reject: (error: Error) => void }[] = [];
  const results: RoundResult[] = [];
  const rounds = new Rounds({
    ask: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
    clock,
    confirmTimeoutMs: 1_000,
    onRound: (result) => results.push(result),
  });
  /** Lets callbacks run that are due, and promises that are settled. */
  const settle = async (ms = 0): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    clock.advance(0);
  };
  const client = () => {
    const seen = { text: '', isEnded: false, resumed: 0, overdue: 0, needsDrain: false };
    const replies: HeldReplies = new HeldReplies({
      client: {
        writableLength: 0,
        get writableNeedDrain() {
          return seen.needsDrain;
        },
        cork() {},
        uncork() {},
        write(bytes) {
          seen.text += bytes.toString('latin1');
          return !seen.needsDrain;
        },
        end() {
          seen.isEnded = true;
        },
      },
      rounds,
      budget,
      resume() {
        seen.resumed += 1;
      },
      onOverdue() {
        seen.overdue += 1;
        replies.discard();
      },
    });
    const say = (text: string): boolean => replies.take(replies.buffer.write(text, 'latin1'));
    return { seen, replies, say };
  };
  return { clock, budget, rounds, asked, results, settle, client };
}

describe('replies that are held', () => {
  test('are shown when a round that began after them is confirmed, and not before', async () => {
    const { asked, settle, client } = lab();
    const { seen, say } = client();
    say('+OK\r\n');
    await settle();
    expect(asked).toHaveLength(1);
    say(':1\r\n');
    expect(seen.text).toBe('');
    asked[0]?.resolve(confirmed);
    await settle();
    expect(seen.text).toBe('+OK\r\n');
    asked[1]?.resolve(confirmed);
    await settle();
    expect(seen.text).toBe('+OK\r\n:1\r\n');
    expect(asked).toHaveLength(2);
  });

  test('of all clients share a round, and each round is the only one under way', async () => {
    const { asked, settle, client } = lab();
    const clients = [client(), client(), client()];
    for (const { say } of clients) say('+OK\r\n');
    await settle(500);
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(confirmed);
    await settle();
    expect(clients.map(({ seen }) => seen.text)).toEqual(['+OK\r\n', '+OK\r\n', '+OK\r\n']);
  });

  test('are asked for again after a round that did not confirm them', async () => {
    const { asked, results, settle, client } = lab();
    const { seen, say } = client();
    say('+OK\r\n');
    await settle();
    asked[0]?.resolve(unconfirmed);
    await settle();
    expect(seen.text).toBe('');
    await settle(20);
    asked[1]?.resolve(confirmed);
    await settle();
    expect(seen.text).toBe('+OK\r\n');
    expect(results).toEqual([unconfirmed, confirmed]);
  });

  test('are never shown once the session has ended, whatever its last round says', async () => {
    const { asked, rounds, settle, client } = lab();
    const { seen, say } = client();
    say('+OK\r\n');
    await settle();
    rounds.close();
    asked[0]?.resolve(confirmed);
    await settle(100);
    say('+OK\r\n');
    await settle(100);
    expect(seen.text).toBe('');
    expect(asked).toHaveLength(1);
  });

  test('that stay unconfirmed for too long end their client, which is not told an outcome', async () => {
    const { asked, settle, client } = lab();
    const { seen, say } = client();
    say('+OK\r\n');
    await settle();
    await settle(1_250);
    expect(seen).toMatchObject({ text: '', overdue: 1 });
    asked[0]?.resolve(confirmed);
    await settle();
    expect(seen.text).toBe('');
  });

  test('of a client that says little but often are not overdue while its rounds are confirmed', async () => {
    const { asked, settle, client } = lab();
    const { seen, say } = client();
    for (let count = 0; count < 20; count += 1) {
      say('.');
      await settle(100);
      asked.at(-1)?.resolve(confirmed);
      await settle();
    }
    expect(seen).toMatchObject({ text: '.'.repeat(20), overdue: 0 });
  });

  test('are read no further than there is room for, of one client and of all', async () => {
    const { budget, asked, settle, client } = lab({ heldBytes: 150, heldBytesPerClient: 100 });
    const [first, second, third] = [client(), client(), client()];
    expect(first.say('x'.repeat(99))).toBe(true);
    expect(first.say('x')).toBe(false);
    expect(second.say('x'.repeat(50))).toBe(false);
    await settle();
    expect(third.say('x')).toBe(false);
    asked[0]?.resolve(confirmed);
    await settle();
    expect([first, second, third].map(({ seen }) => seen.resumed)).toEqual([1, 1, 1]);
    asked[1]?.resolve(confirmed);
    await settle();
    expect(budget.usedBytes).toBe(0);
  });

  test('are read no further while the client does not take them', async () => {
    const { asked, settle, client } = lab();
    const { seen, say, replies } = client();
    seen.needsDrain = true;
    expect(say('+OK\r\n')).toBe(false);
    await settle();
    asked[0]?.resolve(confirmed);
    await settle();
    expect(seen.resumed).toBe(0);
    seen.needsDrain = false;
    replies.drained();
    expect(seen.resumed).toBe(1);
  });

  test('are followed by the end of a server that has said all', async () => {
    const { asked, settle, client } = lab();
    const { seen, say, replies } = client();
    say('+OK\r\n');
    await settle();
    replies.end();
    expect(seen.isEnded).toBe(false);
    asked[0]?.resolve(confirmed);
    await settle();
    expect(seen).toMatchObject({ text: '+OK\r\n', isEnded: true });
  });

  test('show, however they are cut into pieces and whatever rounds find, exactly what came before a confirmed round began', async () => {
    const happening = fc.oneof(
      { weight: 4, arbitrary: fc.record({ says: fc.string({ minLength: 1, maxLength: 9 }), who: fc.nat(2) }) },
      { weight: 3, arbitrary: fc.record({ ends: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ passMs: fc.nat(40) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 60 }), async (happenings) => {
        const { asked, settle, client } = lab({ heldBytes: 1_000_000, heldBytesPerClient: 1_000_000 });
        const clients = [client(), client(), client()];
        const said = ['', '', ''];
        const began: (readonly string[])[] = [];
        let shown: readonly string[] = ['', '', ''];
        const settleAndNote = async (ms: number): Promise<void> => {
          await settle(ms);
          while (began.length < asked.length) began.push([...said]);
        };
        let ended = 0;
        for (const it of happenings) {
          if ('says' in it) {
            const text = Buffer.from(it.says).toString('latin1');
            clients[it.who]?.say(text);
            said[it.who] += text;
          } else if ('passMs' in it) await settleAndNote(it.passMs);
          else if (ended < asked.length) {
            asked[ended]?.resolve(it.ends ? confirmed : unconfirmed);
            if (it.ends) shown = began[ended] ?? shown;
            ended += 1;
            await settleAndNote(0);
          }
          expect(clients.map(({ seen }) => seen.text)).toEqual(shown);
        }
      }),
    );
  });
});
