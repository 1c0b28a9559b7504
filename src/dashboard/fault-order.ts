/** Orders of faults as they come from a page: checked before anything else sees them. */

import * as v from 'valibot';
import type { FaultOrder } from './feed.ts';

const node = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
/** A minute is longer than any patience of a protocol. */
const delayMs = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(60_000));
const link = { from: node, to: node };

const schema = v.variant('fault', [
  v.strictObject({ fault: v.picklist(['kill', 'pause', 'resume', 'restart']), node }),
  v.strictObject({ fault: v.literal('cut'), ...link }),
  v.strictObject({ fault: v.literal('delay'), ...link, delayMs }),
  v.strictObject({
    fault: v.literal('lose'),
    ...link,
    probability: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  }),
  v.strictObject({
    fault: v.literal('split'),
    groups: v.pipe(v.array(v.pipe(v.array(node), v.minLength(1), v.maxLength(100))), v.minLength(2), v.maxLength(10)),
  }),
  v.strictObject({ fault: v.literal('slow-disk'), node, delayMs }),
  v.strictObject({ fault: v.literal('full-disk'), node }),
  v.strictObject({ fault: v.literal('heal') }),
]);

/** The order in `text`; what is wrong with it where it holds none. */
export function faultOrderIn(text: string): FaultOrder | { readonly problem: string } {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (parsed.success) return parsed.output;
  const { message, path } = parsed.issues[0];
  const where = path?.map(({ key }) => String(key)).join('.') ?? '';
  return {
    problem: `expected an order such as {"fault":"kill","node":"n1"}, got another${where === '' ? '' : ` at '${where}'`}: ${message}`,
  };
}
