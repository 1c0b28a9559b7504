import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShortLivedMap } from '../../src/environment/short-lived-map.ts';

test('behaves like a map, whatever is done to it', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const action = fc.oneof(
    fc.record({ type: fc.constant('set' as const), key, value: fc.record({ number: fc.nat() }) }),
    fc.record({ type: fc.constant('delete' as const), key }),
    fc.record({ type: fc.constant('clear' as const) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 50 }), (actions) => {
      const map = new ShortLivedMap<string, object>();
      const model = new Map<string, object>();
      for (const it of actions) {
        if (it.type === 'set') {
          map.set(it.key, it.value);
          model.set(it.key, it.value);
        } else if (it.type === 'delete') expect(map.delete(it.key)).toBe(model.delete(it.key));
        else {
          map.clear();
          model.clear();
        }
        expect(map.size).toBe(model.size);
        expect(map.keys()).toEqual([...model.keys()]);
        expect(map.values()).toEqual([...model.values()]);
        for (const each of 'abcd') {
          expect(map.has(each)).toBe(model.has(each));
          expect(map.get(each)).toBe(model.get(each));
        }
      }
    }),
  );
});
