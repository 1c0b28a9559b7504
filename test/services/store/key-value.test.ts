import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encode } from '../../../src/services/store/codec.ts';
import {
  type Condition,
  encodeCommand,
  type KeyValueCommand,
  keyLimitBytes,
  valueLimitBytes,
} from '../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine, type KeyValueMachineOptions } from '../../../src/services/store/key-value/machine.ts';
import { partsOf, restore, sizeOf } from './parts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A machine whose commands get the revisions 1, 2, ... */
function createRun(options?: KeyValueMachineOptions) {
  const machine = createKeyValueMachine(undefined, options);
  let revision = 0;
  return {
    machine,
    apply(command: KeyValueCommand) {
      revision += 1;
      return machine.apply(encodeCommand(command), { revision });
    },
  };
}
const put = (key: string, value: string, condition?: Condition): KeyValueCommand => ({
  type: 'put',
  key,
  value: bytes(value),
  ...(condition && { condition }),
});

test('versions grow across deletion and never repeat', () => {
  const { machine, apply } = createRun();
  expect(apply(put('a', 'x'))).toEqual({ type: 'stored', version: 1 });
  expect(apply({ type: 'delete', key: 'a' })).toEqual({ type: 'deleted', version: 1 });
  expect(apply({ type: 'delete', key: 'a' })).toEqual({ type: 'deleted' });
  expect(apply(put('a', 'x'))).toEqual({ type: 'stored', version: 4 });
  expect(machine.query({ type: 'get', key: 'a' })).toEqual({ value: bytes('x'), version: 4 });
});

test.each<[string, Condition, boolean, boolean]>([
  ['absent', { type: 'absent' }, false, true],
  ['present', { type: 'present' }, true, false],
  ['the version that is there', { type: 'version', version: 1 }, true, false],
  ['another version', { type: 'version', version: 9 }, false, false],
])('a write on the condition of %s', (_name, condition, whenPresent, whenAbsent) => {
  const present = createRun();
  present.apply(put('a', 'x'));
  expect(present.apply(put('a', 'y', condition))).toEqual(
    whenPresent ? { type: 'stored', version: 2 } : { type: 'condition-failed', version: 1 },
  );
  const absent = createRun();
  expect(absent.apply({ type: 'delete', key: 'a', condition })).toEqual(
    whenAbsent ? { type: 'deleted' } : { type: 'condition-failed' },
  );
});

test('keys that begin with a byte order mark are told from those without it, after a snapshot too', () => {
  const { machine, apply } = createRun();
  const keys = ['a', '\ufeffa', '\ufeff\ufeffa', '\ufeff'];
  for (const key of keys) apply(put(key, `of ${key}`));
  const other = createKeyValueMachine();
  restore(other, partsOf(machine));
  expect(other.keys).toBe(keys.length);
  for (const key of keys) expect(other.query({ type: 'get', key })).toMatchObject({ value: bytes(`of ${key}`) });
});

test('a stored value shares no memory with the command that brought it', () => {
  const machine = createKeyValueMachine();
  const command = encodeCommand(put('a', 'hello'));
  machine.apply(command, { revision: 1 });
  command.fill(0);
  expect(machine.query({ type: 'get', key: 'a' })).toMatchObject({ value: bytes('hello') });
});

test('keys and values beyond the limits are refused by name', () => {
  expect(() => encodeCommand(put('', 'x'))).toThrow(/an empty one/);
  expect(() => encodeCommand(put('k'.repeat(keyLimitBytes + 1), 'x'))).toThrow(/a longer one/);
  expect(() => encodeCommand(put('\u00e9'.repeat(keyLimitBytes / 2 + 1), 'x'))).toThrow(/a longer one/);
  expect(() => encodeCommand(put('\ud800', 'x'))).toThrow(/surrogate/);
  const tooLong = new Uint8Array(valueLimitBytes + 1);
  expect(() => encodeCommand({ type: 'put', key: 'a', value: tooLong })).toThrow(/split it/);
  expect(encodeCommand(put('k'.repeat(keyLimitBytes), 'x')).length).toBeGreaterThan(keyLimitBytes);
});

test.each<[string, unknown, string]>([
  ['no array', 7, 'malformed'],
  ['an unknown kind', [9, 'a', null], 'malformed'],
  ['a key that is no text', [0, 7, null, bytes('x')], 'malformed'],
  ['a value that is no bytes', [0, 'a', null, 'x'], 'malformed'],
  ['a strange condition', [0, 'a', -7, bytes('x')], 'malformed'],
  ['an empty key', [0, '', null, bytes('x')], 'key-limit'],
  ['a value that is too long', [0, 'a', null, new Uint8Array(valueLimitBytes + 1)], 'value-limit'],
])('a logged command with %s changes nothing, on every node alike', (_name, command, reason) => {
  const machine = createKeyValueMachine();
  expect(machine.apply(encode(command), { revision: 1 })).toEqual({ type: 'refused', reason });
  expect(machine.keys).toBe(0);
});

test('a question for text that can be no key finds nothing', () => {
  const { machine, apply } = createRun();
  apply(put('\ufffd', 'x'));
  for (const key of ['', '\ud800', 'k'.repeat(keyLimitBytes + 1)]) {
    expect(machine.query({ type: 'get', key })).toBeNull();
  }
});

test('what is no question, or no snapshot, is refused by name', () => {
  const machine = createKeyValueMachine();
  expect(() => machine.query('a')).toThrow(/expected a question/);
  expect(() => restore(machine, [encode([1, [['a', 1, 'no bytes']]])])).toThrow(/expected a snapshot/);
});

const keys = fc.constantFrom('a', 'b', '__proto__', '\u00fc');
const conditions = fc.option(
  fc.oneof(
    fc.constant<Condition>({ type: 'absent' }),
    fc.constant<Condition>({ type: 'present' }),
    fc.integer({ min: 1, max: 30 }).map((version): Condition => ({ type: 'version', version })),
  ),
  { nil: undefined },
);
const commands: fc.Arbitrary<Extract<KeyValueCommand, { type: 'put' | 'delete' }>> = fc.oneof(
  fc
    .record({ key: keys, value: fc.uint8Array({ maxLength: 5 }), condition: conditions })
    .map(({ key, value, condition }) => ({ type: 'put' as const, key, value, ...(condition && { condition }) })),
  fc
    .record({ key: keys, condition: conditions })
    .map(({ key, condition }) => ({ type: 'delete' as const, key, ...(condition && { condition }) })),
);

/** What a snapshot has beside the entries, where nothing is kept of the past. */
const headBytes = 12;
const nothingKept = { retention: { changes: 0, bytes: 0 } };

test('any run of commands is a map with versions, and survives its snapshot', () => {
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 30 }), (run) => {
      const { machine, apply } = createRun(nothingKept);
      const model = new Map<string, { value: Uint8Array; version: number }>();
      run.forEach((command, place) => {
        const { key, condition } = command;
        const present = model.get(key);
        const holds =
          condition === undefined ||
          (condition.type === 'absent' && present === undefined) ||
          (condition.type === 'present' && present !== undefined) ||
          (condition.type === 'version' && present?.version === condition.version);
        const result = apply(command);
        expect(result.type === 'condition-failed').toBe(!holds);
        if (holds && command.type === 'put') model.set(key, { value: command.value, version: place + 1 });
        if (holds && command.type === 'delete') model.delete(key);
      });
      const restored = createKeyValueMachine(undefined, nothingKept);
      restore(restored, partsOf(machine));
      for (const it of [machine, restored]) {
        expect(it.keys).toBe(model.size);
        expect(sizeOf(partsOf(it, 1_000))).toBeLessThanOrEqual(it.sizeBytes + headBytes);
        for (const key of ['a', 'b', '__proto__', '\u00fc']) {
          expect(it.query({ type: 'get', key })).toEqual(model.get(key) ?? null);
        }
      }
    }),
  );
});
