/** What else the answers mean, besides the recommendation: of zones, even numbers, distances and retries. */

import { majoritySize } from '../../../statecharts/quorum.ts';
import type { Conclusion } from './conclude.ts';
import type { Answers } from './questions.ts';

/** The remarks on what was recommended, in sentences; none on what was refused. */
export function remarksOn(conclusion: Conclusion): readonly string[] {
  if (!('recommended' in conclusion)) return [];
  const { answers, recommended } = conclusion;
  return [
    ...(recommended.name === 'single-node' || recommended.name === 'two-phase-commit' ? [] : onMachines(answers)),
    ...onDistance(answers, recommended.name),
    ...onRetries(answers),
    ...onDatabases(answers),
  ];
}

/** The largest zone when machines are spread as evenly as they can be. */
const largestZone = (machines: number, zones: number): number => Math.ceil(machines / zones);

function onMachines({ machines = 1, zones = 1 }: Answers): readonly string[] {
  if (machines < 3) return [];
  const voters = machines % 2 === 0 ? machines - 1 : machines;
  const survived = voters - majoritySize(voters);
  const even =
    voters === machines
      ? []
      : [`Of ${machines} voters no more may fail than of ${voters}: let ${voters} of them vote.`];
  const isSurvived = zones > 1 && voters - largestZone(voters, zones) >= majoritySize(voters);
  const zone = isSurvived
    ? `Spread evenly over ${zones} zones, it goes on without any one of them.`
    : zones === 1
      ? 'All machines are in one zone, and stop with it.'
      : `In ${zones} zones one holds a majority, and all stops with that one: three zones would survive one.`;
  return [...even, `It goes on while ${survived} of ${voters} machines ${survived === 1 ? 'is' : 'are'} down.`, zone];
}

function onDistance({ distance }: Answers, method: string): readonly string[] {
  if (distance !== 'continents') return [];
  if (method === 'primary-backup-async') return [];
  return method === 'decision-register'
    ? [
        'Each transaction waits for two round trips between continents; with paxosCommit, whose keys one manager alone knows, for one.',
      ]
    : [
        'Each write waits for a round trip between continents. Raise the timeouts of elections and detectors above the slowest one.',
      ];
}

const onRetries = ({ retries, databases }: Answers): readonly string[] =>
  retries === 'yes'
    ? [
        databases === 'several'
          ? 'Give each transaction an idempotencyKey: whichever attempt commits, it is one.'
          : databases === 'none'
            ? 'Send each request with an Idempotency-Key, and it is applied once, however often it is sent.'
            : 'A request that is sent again may be applied twice: make it one that says what is to be, such as a conditional write.',
      ]
    : ['A request without an answer may have happened: whoever sent it must be told so, and look.'];

const onDatabases = ({ databases, owners, loss, downtime }: Answers): readonly string[] =>
  databases === 'several' && owners === 'ours' && (loss === 'nothing' || downtime === 'seconds')
    ? [
        'That decides what belongs together. Each database may still die: give each a group of its own under failover (docs/failover.md).',
      ]
    : [];
