import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/environment/clock.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import type { DiskError } from '../../src/journal/disk.ts';
import { createSimulatedDisk, healthyDisk } from '../../src/simulator/disk.ts';
import { driveFaults } from '../../src/simulator/faults.ts';
import { createMachineClock } from '../../src/simulator/machine-clock.ts';
import { createSimulatedNetwork, type SimulatedNetwork } from '../../src/simulator/network.ts';
import { allFaults, planRun } from '../../src/simulator/plan.ts';
import { type RunResult, run } from '../../src/simulator/run.ts';
import type { OutsideServer } from '../../src/simulator/scenario.ts';
import type { Fault, FaultKind, Schedule } from '../../src/simulator/schedule.ts';
import { shrink } from '../../src/simulator/shrink.ts';
import { runSuite } from '../../src/simulator/suite.ts';
import { createVirtualClock, type VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { addressOf } from '../../statecharts/actor.ts';
import { ledgerScenario } from './ledger.ts';

const faultyMs = 1_000;
const ids = ['n1', 'n2', 'n3'];

const schedule = (faults: readonly Fault[], operations: Schedule['operations'] = []): Schedule => ({
  version: 1,
  scenario: 'ledger',
  seed: 1,
  nodes: 1,
  faultyMs,
  recoveryMs: 5_000,
  quorum: ['n1'],
  faults,
  operations,
  links: {},
  delayMs: 1,
});
const keep = (operation: number, atMs: number) => ({ client: operation, atMs, node: 'n1', operation });
const linesOf = (result: RunResult, kind: string): number[] =>
  result.log.lines.filter((line) => line.split(' ')[1] === kind).map((line) => Number(line.split(' ')[0]));

/** A network over which all takes 1 ms. */
const calmNetwork = (time: Clock): SimulatedNetwork =>
  createSimulatedNetwork(
    time,
    () => [1],
    () => {},
    seededRandomness(1).stream('network'),
  );

/** A network of three nodes that undergoes `faults`, and which of `n1>n2`, ... carry an envelope that is sent at `atMs`. */
function reachable(faults: readonly Fault[], atMs: number, healed: readonly string[] = [], isAlone = false): string[] {
  const time = createVirtualClock();
  const network = calmNetwork(time);
  const arrived: string[] = [];
  const buses = ids.map((id) => network.join(id, time));
  for (const bus of buses) bus.envelopes().subscribe(({ from }) => arrived.push(`${from.split('/')[0]}>${bus.node}`));
  const driver = driveFaults(
    faults,
    faultyMs,
    new Map(),
    network,
    time,
    () => {},
    (act) => act(),
  );
  time.advance(atMs);
  if (healed.length > 0) driver.heal(healed, isAlone);
  for (const bus of buses) {
    for (const to of ids) {
      if (to !== bus.node) bus.send({ from: `${bus.node}/x/`, to: `${to}/x/`, message: { type: 'hello' } });
    }
  }
  time.advance(10);
  return arrived.sort();
}

const everywhere = ['n1>n2', 'n1>n3', 'n2>n1', 'n2>n3', 'n3>n1', 'n3>n2'];
const during = { atMs: 100, untilMs: 200 };
const toTheEnd = { atMs: 100, untilMs: faultyMs };

describe('a quorum that is alone', () => {
  test('is cut off from the others, and well in itself', () => {
    const faults: Fault[] = [{ kind: 'partition', ...toTheEnd, groups: [['n1'], ['n2', 'n3']] }];
    expect(reachable(faults, 150, ['n1', 'n2'], true)).toEqual(['n1>n2', 'n2>n1']);
  });
});

describe('a fault of a server outside of the nodes', () => {
  /** What became of a server until `atMs`, and then by healing. */
  const server = (faults: readonly Fault[], atMs: number): string[] => {
    const seen: string[] = [];
    const time = createVirtualClock();
    const network = calmNetwork(time);
    const outside: OutsideServer = {
      crash: () => void seen.push(`${time.nowMs()} crash`),
      restart: () => void seen.push(`${time.nowMs()} restart`),
      setCondition: ({ breakProbability, maxDelayMs }) =>
        void seen.push(`${time.nowMs()} ${breakProbability} ${maxDelayMs}`),
    };
    const driver = driveFaults(
      faults,
      faultyMs,
      new Map(),
      network,
      time,
      () => {},
      (act) => act(),
      new Map([['db', outside]]),
    );
    time.advance(atMs);
    driver.heal(['n1']);
    return seen.filter((line) => !line.endsWith(' 0 1'));
  };
  const flaky = { kind: 'flaky', server: 'db', ...during } as const;

  test('takes it down once, however many outages overlap, and up again after the last', () => {
    const outages: Fault[] = [
      { kind: 'outage', server: 'db', ...during },
      { kind: 'outage', server: 'db', atMs: 150, untilMs: 300 },
      { kind: 'outage', server: 'other', ...toTheEnd },
    ];
    expect(server(outages, 500)).toEqual(['100 crash', '300 restart']);
  });

  test('adds up to the worst of those that overlap', () => {
    const faults: Fault[] = [
      { ...flaky, breakProbability: 0.5, maxDelayMs: 10 },
      { ...flaky, atMs: 150, untilMs: 180, breakProbability: 0.1, maxDelayMs: 900 },
    ];
    expect(server(faults, 500)).toEqual(['100 0.5 10', '150 0.5 900', '180 0.5 10']);
  });

  test('ends when the nodes are healed', () => {
    expect(server([{ kind: 'outage', server: 'db', ...toTheEnd }], 500)).toEqual(['100 crash', '500 restart']);
  });

  test('is drawn only where there are servers, and changes nothing else where there are none', () => {
    const options = { scenario: 's', seed: 1, nodes: 3, faultyMs, recoveryMs: 1, operations: [] };
    const plan = (faults: readonly FaultKind[], servers: readonly string[]) =>
      planRun({ ...options, faults, servers }, seededRandomness(1)).faults;
    const others = allFaults.filter((kind) => kind !== 'outage' && kind !== 'flaky');
    expect(plan(allFaults, [])).toEqual(plan(others, []));
    const kinds = new Set(
      Array.from(
        { length: 40 },
        (_, seed) =>
          planRun({ ...options, faults: ['outage', 'flaky'], servers: ['db'] }, seededRandomness(seed)).faults,
      )
        .flat()
        .map(({ kind }) => kind),
    );
    expect(kinds).toEqual(new Set(['outage', 'flaky']));
  });
});

describe('a fault of the network', () => {
  test.each<[string, Fault, string[]]>([
    ['partition', { kind: 'partition', ...during, groups: [['n1'], ['n2', 'n3']] }, ['n2>n3', 'n3>n2']],
    ['one-way', { kind: 'one-way', ...during, from: 'n1', to: 'n2' }, everywhere.filter((link) => link !== 'n1>n2')],
    ['isolate', { kind: 'isolate', ...during, node: 'n2' }, ['n1>n3', 'n3>n1']],
    [
      'partial-partition',
      { kind: 'partial-partition', ...during, cut: ['n1>n2', 'n2>n1', 'n3>n2'] },
      ['n1>n3', 'n2>n3', 'n3>n1'],
    ],
    ['clog', { kind: 'clog', ...during, from: 'n3', to: 'n1' }, everywhere.filter((link) => link !== 'n3>n1')],
    [
      'loss',
      { kind: 'loss', ...during, from: 'n3', to: 'n1', probability: 1 },
      everywhere.filter((link) => link !== 'n3>n1'),
    ],
    [
      'delay',
      { kind: 'delay', ...during, from: 'n3', to: 'n1', delayMs: 50 },
      everywhere.filter((link) => link !== 'n3>n1'),
    ],
  ])('such as %s acts on its links alone, and ends', (_kind, fault, links) => {
    expect(reachable([fault], 90)).toEqual(everywhere);
    expect(reachable([fault], 100)).toEqual(links);
    expect(reachable([fault], 200)).toEqual(everywhere);
  });

  test('that lasts to the end is lifted within the healed quorum alone', () => {
    const fault: Fault = { kind: 'partition', ...toTheEnd, groups: [['n1'], ['n2'], ['n3']] };
    expect(reachable([fault], faultyMs)).toEqual([]);
    expect(reachable([fault], faultyMs, ['n1', 'n2'])).toEqual(['n1>n2', 'n2>n1']);
  });

  test('that impairs a link does so within a healed quorum no more, and makes what it does not lose late', () => {
    const lossy: Fault = { kind: 'loss', ...toTheEnd, from: 'n1', to: 'n2', probability: 1 };
    expect(reachable([lossy], faultyMs, ['n1', 'n2'])).toEqual(everywhere);
    expect(reachable([lossy], faultyMs, ['n2', 'n3'])).toEqual(everywhere.filter((link) => link !== 'n1>n2'));
    const late: Fault = { kind: 'delay', ...during, from: 'n1', to: 'n2', delayMs: 8 };
    expect(reachable([late], 150)).toEqual(everywhere);
    expect(reachable([late, { ...late, delayMs: 10 }], 150)).toEqual(everywhere.filter((link) => link !== 'n1>n2'));
    expect(reachable([{ ...lossy, probability: 0 }], 150)).toEqual(everywhere);
  });

  test('hands over what was held back once it ends', () => {
    const time = createVirtualClock();
    const network = calmNetwork(time);
    const n1 = network.join('n1', time);
    const arrivedMs: number[] = [];
    network
      .join('n2', time)
      .envelopes()
      .subscribe(() => arrivedMs.push(time.nowMs()));
    driveFaults(
      [{ kind: 'clog', atMs: 0, untilMs: 50, from: 'n1', to: 'n2' }],
      faultyMs,
      new Map(),
      network,
      time,
      () => {},
      (act) => act(),
    );
    time.advance(0);
    n1.send({ from: 'n1/x/', to: 'n2/x/', message: { type: 'hello' } });
    time.advance(100);
    expect(arrivedMs).toEqual([50]);
  });

  test('also keeps a sender from hearing that nobody lives at an address', () => {
    const time = createVirtualClock();
    const network = calmNetwork(time);
    const n1 = network.join('n1', time);
    const n2 = network.join('n2', time);
    const losses: string[] = [];
    n1.losses.subscribe(({ reason }) => losses.push(reason));
    const envelope = { from: 'n1/x/', to: 'n2/x/', message: { type: 'hello' } } as const;
    network.setCut((from) => from === 'n2');
    n2.reject(envelope);
    time.advance(10);
    expect(losses).toEqual([]);
    network.setCut(() => false);
    n2.reject(envelope);
    time.advance(10);
    expect(losses).toEqual(['absent']);
  });
});

describe('a fault of a machine', () => {
  test('ends at its time, also when it is the last one', () => {
    const result = run(ledgerScenario(), schedule([{ kind: 'crash', ...during, node: 'n1' }]), { keepsLog: true });
    expect(linesOf(result, 'boot')).toEqual([0, 200]);
  });

  test('that wipes its disk loses what it had acknowledged, and befalls only those who claim to survive that', () => {
    const wipe: Fault = { kind: 'wipe', ...during, node: 'n1' };
    const scenario = ledgerScenario();
    expect(run(scenario, schedule([wipe], [keep(7, 10)])).violation?.problem).toMatch(/acknowledged 7 and lost it/);
    const clock: Clock = createVirtualClock();
    const suite = { seed: 1, runs: 20, nodes: 1, faults: ['wipe'], isNetworkFaulty: false, clock } as const;
    expect(runSuite(scenario, suite).faults).toBe(0);
    expect(runSuite({ ...scenario, survivesWipe: true }, suite).faults).toBeGreaterThan(0);
  });

  test('that stops it makes its clock stand still, and what fell due happens in order afterwards', () => {
    const time = createVirtualClock();
    const clock = createMachineClock(time);
    const ran: string[] = [];
    clock.setTimeout(() => ran.push('a'), 10);
    clock.setTimeout(() => ran.push('b'), 20);
    clock.pause();
    time.advance(50);
    expect(ran).toEqual([]);
    clock.setTimeout(() => ran.push('c'), 10);
    time.setTimeout(() => clock.resume(), 10);
    clock.setTimeout(() => ran.push('d'), 10);
    time.advance(10);
    expect(ran).toEqual(['a', 'b', 'c', 'd']);
  });

  test('that overtakes nothing while it catches up', () => {
    const time = createVirtualClock();
    const clock = createMachineClock(time);
    const ran: string[] = [];
    clock.pause();
    clock.enqueue(() => ran.push('first'));
    clock.enqueue(() => ran.push('second'));
    time.advance(1);
    clock.resume();
    time.enqueue(() => clock.enqueue(() => ran.push('third')));
    clock.enqueue(() => ran.push('fourth'));
    time.advance(1);
    expect(ran.slice(0, 2)).toEqual(['first', 'second']);
    expect(ran).toHaveLength(4);
  });

  test('makes its clock run too fast, by no more than was drawn', () => {
    const time = createVirtualClock();
    const clock = createMachineClock(time);
    let firedMs = 0;
    clock.setRate(1.25);
    clock.setTimeout(() => {
      firedMs = time.nowMs();
    }, 100);
    time.advance(100);
    expect(firedMs).toBe(80);
    expect(clock.nowMs()).toBe(125);
  });
});

describe('a fault of a disk', () => {
  const disk = (time: VirtualClock) => {
    const simulated = createSimulatedDisk(seededRandomness(1).stream('disk'));
    const attached = simulated.attach(time);
    attached.createSync('file', new Uint8Array(), 8);
    const ended: (string | number)[] = [];
    const write = (): void =>
      attached.write('file', 0, Uint8Array.of(1), (error?: DiskError) => ended.push(error?.reason ?? time.nowMs()));
    return { simulated, write, ended };
  };

  test('makes its writes slow', () => {
    const time = createVirtualClock();
    const { simulated, write, ended } = disk(time);
    simulated.setCondition({ latencyMs: { min: 50, max: 60 }, isStalled: false });
    write();
    time.advance(49);
    expect(ended).toEqual([]);
    time.advance(11);
    expect(ended).toHaveLength(1);
  });

  test('holds what is under way when it stalls, until it goes on', () => {
    const time = createVirtualClock();
    const { simulated, write, ended } = disk(time);
    write();
    simulated.setCondition({ ...healthyDisk, isStalled: true });
    time.advance(1_000);
    expect(ended).toEqual([]);
    simulated.setCondition(healthyDisk);
    time.advance(10);
    expect(ended).toHaveLength(1);
  });

  test.each(['full', 'failed'] as const)('refuses writes when it is %s', (refuses) => {
    const time = createVirtualClock();
    const { simulated, write, ended } = disk(time);
    simulated.setCondition({ ...healthyDisk, refuses });
    write();
    time.advance(10);
    expect(ended).toEqual([refuses]);
  });
});

describe('a run', () => {
  test('reaches no goal by its own end', () => {
    const scenario = ledgerScenario();
    const watching = {
      ...scenario,
      goals: ['an outcome was unknown'],
      perform: (...[app, operation, done]: Parameters<typeof scenario.perform>) =>
        operation.client < 0 ? scenario.perform(app, operation, done) : undefined,
      watch: () => {
        const reached = new Set<string>();
        return {
          ended: (_operation: unknown, { type }: { readonly type: string }) =>
            void (type === 'unknown' && reached.add('an outcome was unknown')),
          check: () => undefined,
          goals: () => reached,
        };
      },
    };
    expect([...run(watching, schedule([], [keep(1, 10)])).goals]).toEqual([]);
    expect([...run(watching, schedule([{ kind: 'crash', ...during, node: 'n1' }], [keep(1, 10)])).goals]).toHaveLength(
      1,
    );
  });

  test('that fails by a short fault is shrunk, and the search ends by itself', () => {
    const broken = ledgerScenario(true);
    const early = { ...schedule([{ kind: 'crash', atMs: 11, untilMs: 12, node: 'n1' }], [keep(7, 11)]) };
    const failed = run(broken, early);
    expect(failed.violation?.problem).toMatch(/lost it/);
    const shrunk = shrink(failed, { replay: (candidate) => run(broken, candidate), minNodes: 1, maxReplays: 200 });
    expect(shrunk?.isCutShort).toBe(false);
    expect(shrunk?.schedule.operations).toHaveLength(1);
  });
});

describe('a program on a machine', () => {
  const ledger = ledgerScenario();

  test('takes its machine down when it cannot go on', () => {
    const failure = new Subject<string>();
    const result = run(
      {
        ...ledger,
        boot(boot) {
          boot.environment.clock.setTimeout(() => failure.next('no use'), 150);
          return { ...ledger.boot(boot), failure };
        },
      },
      schedule([{ kind: 'crash', atMs: 400, untilMs: 500, node: 'n1' }]),
      { keepsLog: true },
    );
    expect(linesOf(result, 'death').slice(0, 2)).toEqual([150, 650]);
  });

  test('is started anew when the disk that failed its journal is mended, though its node goes on', () => {
    const result = run(
      {
        ...ledger,
        boot(boot) {
          const app = ledger.boot(boot);
          // What a service writes down past the node.
          const entry = { actor: addressOf('n1', 'test.service'), version: 1, record: { type: 'kept' } };
          boot.environment.clock.setTimeout(() => boot.journal.append([entry], () => undefined), 150);
          return app;
        },
      },
      schedule([{ kind: 'failing-disk', ...during, node: 'n1' }]),
      { keepsLog: true },
    );
    expect(linesOf(result, 'boot')).toEqual([0, 200]);
  });
});
