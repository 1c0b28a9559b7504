/**
 * The third way: runs of the actors on real nodes, one for each seed, and what so many of them say. Shares have the exact interval of
 * Clopper & Pearson.
 */

import { confidenceInterval, type PlayedRun, play } from '../../odds.ts';
import { confidence, Mean } from './mean.ts';
import { type NotGiven, notGiven, type QuantityName, type SampleAnswers, type SampleInterval } from './quantities.ts';
import type { WeighedSystem } from './system.ts';

/** Plays one run of a system. @throws OddsLimitError for one that does not end */
export function playOnce<History>(system: WeighedSystem<History>, seed: number): PlayedRun {
  const { isPrepared, isCommitted, isAnswered, isOver, blocking, lasting } = system;
  const names = Object.keys(blocking);
  return play(system.model, system.weights, {
    seed,
    until: isOver,
    lasting: { ...blocking, ...lasting },
    events: {
      prepared: isPrepared,
      committed: isCommitted,
      answered: isAnswered,
      blocked: (view) => names.some((name) => view.hasLasted(name)),
    },
  });
}

/** Runs, counted. */
export class Sample {
  readonly #tickMs: number;
  readonly #notGivenBecause: Readonly<Partial<Record<QuantityName, string>>>;
  readonly #latency = new Mean();
  readonly #messages = new Mean();
  readonly #flushes = new Mean();
  #runs = 0;
  #prepared = 0;
  #committed = 0;
  #committedOfPrepared = 0;
  #blocked = 0;
  #unanswered = 0;
  #unfinished = 0;

  constructor({ weights, notGiven: because = {} }: Pick<WeighedSystem<unknown>, 'weights' | 'notGiven'>) {
    this.#tickMs = weights.tickMs ?? 1;
    this.#notGivenBecause = because;
  }

  get runs(): number {
    return this.#runs;
  }

  add({ seenAtTicks, messages, flushes, isOver }: PlayedRun): void {
    const isPrepared = seenAtTicks.has('prepared');
    const isCommitted = seenAtTicks.has('committed');
    const answeredAtTicks = seenAtTicks.get('answered');
    this.#runs += 1;
    if (isPrepared) this.#prepared += 1;
    if (isCommitted) this.#committed += 1;
    if (isPrepared && isCommitted) this.#committedOfPrepared += 1;
    if (seenAtTicks.has('blocked')) this.#blocked += 1;
    if (answeredAtTicks === undefined) this.#unanswered += 1;
    else this.#latency.add(answeredAtTicks);
    if (!isOver) this.#unfinished += 1;
    this.#messages.add(messages);
    this.#flushes.add(flushes);
  }

  answers(): SampleAnswers {
    const share = (count: number, of = this.#runs): SampleInterval | NotGiven =>
      of === 0
        ? notGiven('no run was prepared')
        : { type: 'sample', value: count / of, ...confidenceInterval(count, of, confidence), runs: of, count };
    const mean = (of: Mean, without: number, factor = 1): SampleInterval | NotGiven =>
      without > 0 ? notGiven(`${without} of ${this.#runs} runs did not come to their end`) : of.scaled(factor);
    const told = (name: QuantityName, answer: SampleInterval | NotGiven): SampleInterval | NotGiven => {
      const reason = this.#notGivenBecause[name];
      return reason === undefined ? answer : notGiven(reason);
    };
    return {
      prepare: told('prepare', share(this.#prepared)),
      commitIfPrepared: told('commitIfPrepared', share(this.#committedOfPrepared, this.#prepared)),
      commit: told('commit', share(this.#committed)),
      blocked: told('blocked', share(this.#blocked)),
      latencyMs: told('latencyMs', mean(this.#latency, this.#unanswered, this.#tickMs)),
      messages: told('messages', mean(this.#messages, this.#unfinished)),
      flushes: told('flushes', mean(this.#flushes, this.#unfinished)),
      downtimeMsPerYear: notGiven('a run is one commit, and no year'),
    };
  }
}
