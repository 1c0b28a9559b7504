/** The second way: bounds from the checker's model with probabilities, over all orders in which things may happen. */

import { type Bounds, type Extreme, weigh } from '../../odds.ts';
import { type ModelAnswers, type ModelBounds, type NotGiven, notGiven, type QuantityName } from './quantities.ts';
import type { WeighedSystem } from './system.ts';

/** Bounds over all schedulers: from the least of the least to the greatest of the greatest. */
function overAll(ask: (over: Extreme) => Bounds | undefined, otherwise: string): ModelBounds | NotGiven {
  const least = ask('least');
  const greatest = ask('greatest');
  if (least === undefined || greatest === undefined || greatest.upper === Number.POSITIVE_INFINITY) {
    return notGiven(otherwise);
  }
  return { type: 'bounds', lower: least.lower, upper: greatest.upper };
}

const endless = 'how much it is in runs that were not followed to their end has no bound';

/**
 * What the model says.
 *
 * @throws OddsLimitError
 */
export function modelAnswers<History>(
  system: WeighedSystem<History>,
  { maxStates = system.maxStates }: { readonly maxStates?: number | undefined } = {},
): ModelAnswers {
  const { model, weights, isPrepared, isCommitted, isAnswered, isOver, blocking, lasting, atMostBeyond } = system;
  const weighed = weigh(model, weights, {
    until: isOver,
    lasting: { ...blocking, ...lasting },
    atMostBeyond,
    ...(maxStates === undefined ? {} : { maxStates }),
  });
  const { tickMs = 1 } = weights;
  const names = Object.keys(blocking);
  const answer = (name: QuantityName, ask: (over: Extreme) => Bounds | undefined, otherwise: string) => {
    const reason = system.notGiven?.[name];
    return reason === undefined ? overAll(ask, otherwise) : notGiven(reason);
  };
  const inMs = ({ lower, upper }: Bounds): Bounds => ({ lower: lower * tickMs, upper: upper * tickMs });
  return {
    prepare: answer('prepare', (over) => weighed.probability(isPrepared, { over }), endless),
    commitIfPrepared: answer(
      'commitIfPrepared',
      (over) => weighed.conditional(isCommitted, isPrepared, { over }),
      'no run is ever prepared',
    ),
    commit: answer('commit', (over) => weighed.probability(isCommitted, { over }), endless),
    blocked: answer(
      'blocked',
      (over) => weighed.probability((view) => names.some((name) => view.hasLasted(name)), { over }),
      endless,
    ),
    latencyMs: answer('latencyMs', (over) => inMs(weighed.expected('ticks', isAnswered, { over })), endless),
    messages: answer('messages', (over) => weighed.expected('messages', isOver, { over }), endless),
    flushes: answer('flushes', (over) => weighed.expected('flushes', isOver, { over }), endless),
    downtimeMsPerYear: notGiven('the model is one run, and no year'),
  };
}
