/**
 * The comparison: every method over the same workload and the same faults, seed by seed. On the simulator all of it is a function of
 * what it is asked for: two comparisons that are asked for the same are the same, to the last byte.
 */

import { seededRandomness } from '../environment/random.ts';
import type { Comparison, FaultCell, MethodFigures } from './comparison.ts';
import { judge } from './consistency.ts';
import { type Method, operationMeanings } from './contract.ts';
import { drawFault, type FaultName, faultMeanings, type PlannedFault, planFault, times } from './faults.ts';
import { type CalmRuns, calmFigures, durationsIn, type FaultyRun, faultFigures, latencyOf } from './figures.ts';
import { type IsolationRuns, isolationRunsOf, isolationsFound } from './isolation/runs.ts';
import { type Noted, play, type RunPlan } from './run.ts';
import { busy, lone, patienceMs, planBusy, planLone, planSteady } from './workload.ts';

/** What is compared. */
export interface ComparisonOptions {
  /** The first seed; the others follow it. */
  readonly seed: number;
  /** How many seeds. */
  readonly runs: number;
  readonly methods: readonly Method[];
  readonly faults: readonly FaultName[];
  readonly onProgress?: (progress: ComparisonProgress) => void;
}

/** How far a comparison is. */
export interface ComparisonProgress {
  readonly done: number;
  readonly total: number;
  /** What comes next: a method, and a fault, `no fault`, or `isolation`. */
  readonly method: string;
  readonly part: string;
}

/** A run with a fault, as it is planned before it is known which machine will serve. */
export interface FaultyPlan extends Pick<RunPlan, 'seed' | 'operations'> {
  /** The run without the fault. */
  readonly calm: Noted;
  /** The fault begins no earlier. */
  readonly fromMs: number;
  /** Plans the fault for the machine that serves. */
  readonly faultAt: (victim: string) => PlannedFault;
}

/** What runs are played on. */
export interface Ground {
  play(method: Method, plan: RunPlan): Promise<Noted>;
  playWithFault(method: Method, plan: FaultyPlan): Promise<{ readonly fault: PlannedFault; readonly noted: Noted }>;
}

const simulator: Ground = {
  play,
  /** Until the fault begins a run with it is the same as the one without, so that this knows which machine will serve. */
  async playWithFault(method, { seed, operations, calm, faultAt }) {
    const fault = faultAt(calm.serving ?? 'n1');
    return { fault, noted: await play(method, { seed, operations, fault }) };
  },
};

/** The command that gives what `--json` told again. @param chosen what is left out is all there is */
export const commandFor = (
  { seed, runs, live }: { readonly seed: number; readonly runs: number; readonly live?: true },
  chosen: { readonly method?: string; readonly fault?: string } = {},
): string =>
  [
    `quorate compare${live === undefined ? '' : ' --live'} --seed ${seed} --runs ${runs}`,
    ...(chosen.method === undefined ? [] : [`--method ${chosen.method}`]),
    ...(chosen.fault === undefined ? [] : [`--fault ${chosen.fault}`]),
  ].join(' ');

/**
 * Compares on the simulator.
 *
 * @throws ComparisonRunError when a run ends in a way that no fault accounts for
 */
export const compare = async (options: ComparisonOptions): Promise<Comparison> => ({
  ...headingOf(options),
  on: 'simulator',
  ...(await compareOn(simulator, options)),
});

/** What a comparison says of itself. */
export const headingOf = (options: CommandOptions) => ({
  format: 'quorate-comparison/1' as const,
  command: commandOf(options),
  seed: options.seed,
  runs: options.runs,
});

/** Compares on other ground than the simulator. @throws what the ground throws */
export async function compareOn(
  ground: Ground,
  options: ComparisonOptions & CommandOptions,
): Promise<Pick<Comparison, 'times' | 'operations' | 'faults' | 'methods'>> {
  const { methods, faults } = options;
  const step = progressOf(options);
  const compared: MethodFigures[] = [];
  for (const method of methods) compared.push(await figuresOf(ground, method, options, step));
  return {
    times: { ...times, patienceMs },
    operations: operationMeanings,
    faults: Object.fromEntries(faults.map((it) => [it, faultMeanings[it]])),
    methods: compared,
  };
}

/** What names a comparison. */
type CommandOptions = Pick<ComparisonOptions, 'seed' | 'runs' | 'methods' | 'faults'> & { readonly live?: true };

const commandOf = (options: CommandOptions): string => {
  const { methods, faults } = options;
  const names = methods.map(({ name }) => name).join(',');
  return `${commandFor(options)} --methods ${names} --faults ${faults.length === 0 ? 'none' : faults.join(',')}`;
};

type Step = (method: Method, part: string) => void;

function progressOf({ runs, methods, faults, onProgress }: ComparisonOptions): Step {
  let done = 0;
  const judged = methods.filter(({ lacks }) => lacks.isolation === undefined);
  const total = runs * (methods.length * (faults.length + 1) + judged.length);
  return (method, part) => {
    onProgress?.({ done, total, method: method.title, part });
    done += 1;
  };
}

async function figuresOf(
  ground: Ground,
  method: Method,
  options: ComparisonOptions & CommandOptions,
  step: Step,
): Promise<MethodFigures> {
  const { seed, runs, faults } = options;
  const { name, title, about, operations, lacks, spared } = method;
  const calm: CalmRuns[] = [];
  const isolations: IsolationRuns[] = [];
  const faulty = new Map<FaultName, FaultyRun[]>(faults.filter((it) => spared[it] === undefined).map((it) => [it, []]));
  for (let index = 0; index < runs; index += 1) {
    step(method, 'no fault');
    const ofSeed = await calmRunsOf(ground, method, seed + index);
    calm.push(ofSeed);
    if (lacks.isolation === undefined) {
      step(method, 'isolation');
      isolations.push(await isolationRunsOf(seed + index, (plan) => ground.play(method, plan)));
    }
    for (const kind of faults) {
      step(method, kind);
      const known = faulty.get(kind);
      if (known !== undefined) known.push(await faultyRunOf(ground, method, kind, seed + index, ofSeed.steady));
    }
  }
  const calmCommand = commandFor(options, { method: name, fault: 'none' });
  return {
    name,
    title,
    about,
    operations,
    calm: { command: calmCommand, ...calmFigures(calm, lacks) },
    isolation:
      lacks.isolation === undefined
        ? { command: calmCommand, asked: isolationsFound(isolations) }
        : { notApplicable: lacks.isolation },
    latencyWithFaultsMs: latencyOf([...faulty.values()].flat().flatMap(durationsIn)),
    faults: faults.map((fault): FaultCell => {
      const notApplicable = spared[fault];
      if (notApplicable !== undefined) return { fault, notApplicable };
      const command = commandFor(options, { method: name, fault });
      return { fault, command, ...faultFigures(faulty.get(fault) ?? [], lacks.blocked) };
    }),
  };
}

async function calmRunsOf(ground: Ground, method: Method, seed: number): Promise<CalmRuns> {
  const randomness = seededRandomness(seed);
  const operations = planSteady(randomness.stream('comparison/steady'));
  const { fromMs } = drawFault(randomness);
  const steady = await ground.play(method, { seed, operations, askServingAtMs: fromMs });
  const { messages, flushes } = method.lacks;
  const isCounted = messages === undefined || flushes === undefined;
  return {
    steady,
    judgement: judge(steady.seen, steady.carriedOut),
    lone: isCounted
      ? await ground.play(method, {
          seed,
          operations: planLone(randomness.stream('comparison/lone')),
          untilMs: lone.untilMs + lone.tailMs,
        })
      : undefined,
    busy: await ground.play(method, {
      seed,
      operations: planBusy(randomness.stream('comparison/busy')),
      untilMs: busy.untilMs,
    }),
  };
}

async function faultyRunOf(
  ground: Ground,
  method: Method,
  kind: FaultName,
  seed: number,
  calm: Noted,
): Promise<FaultyRun> {
  const randomness = seededRandomness(seed);
  const operations = planSteady(randomness.stream('comparison/steady'));
  const drawn = drawFault(randomness);
  const faultAt = (victim: string): PlannedFault =>
    planFault(kind, drawn, { victim, servers: method.servers, operations });
  const { fault, noted } = await ground.playWithFault(method, {
    seed,
    operations,
    calm,
    fromMs: drawn.fromMs,
    faultAt,
  });
  return { fault, noted, judgement: judge(noted.seen, noted.carriedOut) };
}
