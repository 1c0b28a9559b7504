/**
 * Writes-into orders: which write each read returned. Where each value is written once to an object there is one; where values
 * recur there are as many as there are combinations, and one that fits suffices. An exchange of unknown outcome whose value was
 * read took effect, and so has read itself.
 */

import { type Access, initialSource, mayHaveSeen, sourcesOf } from './access.ts';
import type { Finding } from './finding.ts';

/** For each access the place of the write that it returned, `initialSource` for none, undefined where it read nothing. */
export type WritesInto = readonly (number | undefined)[];

/** For each access the writes that it may have returned; undefined where it read nothing. */
type Choices = readonly (readonly number[] | undefined)[];

/** More combinations than this are not tried. */
const mostCombinations = 256;

/** Asks `judge` of one writes-into order after the other, until one satisfies it. */
export function everyWritesInto(
  accesses: readonly Access[],
  initial: string,
  judge: (writesInto: WritesInto) => Finding,
): Finding {
  const isCertain = accesses.map(({ isUnknown }) => !isUnknown);
  const sources = explained(
    sourcesOf(accesses, initial).map((found, reader) => likelyFirst(accesses, reader, found)),
    isCertain,
  );
  const unexplained = sources.findIndex((found, reader) => found?.length === 0 && isCertain[reader] === true);
  if (unexplained >= 0) return { verdict: 'violation', process: accesses[unexplained]?.operation.process };
  const choices = readable(
    sources.map((found) => (found?.length === 0 ? undefined : found)),
    isCertain,
  );
  let finding: Finding = { verdict: 'violation' };
  let tried = 0;
  for (const chosen of combinations(choices)) {
    tried += 1;
    if (tried > mostCombinations) return { verdict: 'undecided', reason: 'ambiguous' };
    const result = judge(ofTaken(chosen, isCertain));
    if (result.verdict === 'satisfied') return result;
    // What is not decided of one combination cannot be made up by violations of others.
    if (finding.verdict !== 'undecided') finding = result;
    if (result.verdict === 'undecided' && result.reason !== 'memory') return result;
  }
  return finding;
}

/** The same without exchanges of unknown outcome that cannot have taken effect, as nothing wrote what they would have to read. */
function explained(given: Choices, isCertain: readonly boolean[]): Choices {
  const isAbsent = (source: number, sources: Choices): boolean =>
    isCertain[source] === false && sources[source]?.length === 0;
  let sources = given;
  while (sources.some((found) => found?.some((source) => isAbsent(source, sources)))) {
    const before = sources;
    sources = before.map((found) => found?.filter((source) => !isAbsent(source, before)));
  }
  return sources;
}

/** Sources of a read: the latest that was invoked before the read ended first; none that its own process wrote after it. */
function likelyFirst(
  accesses: readonly Access[],
  reader: number,
  sources: readonly number[] | undefined,
): readonly number[] | undefined {
  const own = accesses[reader];
  if (sources === undefined || own === undefined || !mayHaveSeen(own)) return undefined;
  const endedAt = own.operation.completedAt?.line ?? Number.POSITIVE_INFINITY;
  const isOwnLater = (source: number): boolean =>
    source > reader && accesses[source]?.operation.process === own.operation.process;
  const invokedAt = (source: number): number =>
    source === initialSource ? 0 : (accesses[source]?.operation.invokedAt.line ?? 0);
  const isBefore = (source: number): number => (invokedAt(source) < endedAt ? 0 : 1);
  return sources
    .filter((source) => !isOwnLater(source))
    .sort((one, other) => isBefore(one) - isBefore(other) || invokedAt(other) - invokedAt(one));
}

/** Exchanges of unknown outcome matter only where they may have been read: by what took effect, or by one another that was. */
function readable(choices: Choices, isCertain: readonly boolean[]): Choices {
  const mayCount = [...isCertain];
  const waiting = [...isCertain.keys()].filter((reader) => isCertain[reader] === true);
  for (let reader = waiting.pop(); reader !== undefined; reader = waiting.pop()) {
    for (const source of choices[reader] ?? []) {
      if (source === initialSource || mayCount[source] === true) continue;
      mayCount[source] = true;
      waiting.push(source);
    }
  }
  return choices.map((sources, reader) => (mayCount[reader] === true ? sources : undefined));
}

/** Every way to choose one of each, the first of each first. */
function* combinations(choices: Choices): Generator<WritesInto> {
  const chosen: (number | undefined)[] = choices.map((sources) => (sources === undefined ? undefined : 0));
  for (;;) {
    yield choices.map((sources, reader) => sources?.[chosen[reader] ?? 0]);
    let reader = choices.length - 1;
    for (; reader >= 0; reader -= 1) {
      const next = (chosen[reader] ?? 0) + 1;
      if (next < (choices[reader]?.length ?? 0)) {
        chosen[reader] = next;
        break;
      }
      if (chosen[reader] !== undefined) chosen[reader] = 0;
    }
    if (reader < 0) return;
  }
}

/** The same without what exchanges read that none was chosen to have read. */
function ofTaken(chosen: WritesInto, isCertain: readonly boolean[]): WritesInto {
  const sources = readable(
    chosen.map((source) => (source === undefined ? undefined : [source])),
    isCertain,
  );
  return sources.map((found) => found?.[0]);
}
