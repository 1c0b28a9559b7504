/** What an operator asks of a group from the command line: how it stands and stood, and what its managers are to do. */

import { Argument, Command, Option } from 'commander';
import * as v from 'valibot';
import { pause } from '../../environment/clock.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { NodeRequestError } from '../node-request.ts';
import { integerIn, nameIn, positiveIn } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { readFailoverConfig } from './config/read.ts';
import { type GroupStatus, type ManagerStatus, Managers, managerStatus, noneAnswers } from './managers.ts';
import { historyLines, statusLines } from './texts.ts';

interface Options {
  readonly config: string;
  readonly ca?: string;
  readonly crl?: string;
  readonly json?: true;
}

/** Between two looks at a switchover under way, in milliseconds. */
const pollMs = 50;

/** Makes the commands; each ends with 1 when it is refused, or none of the managers answers. */
export function operatorCommands(terminal: Terminal, environment: Environment = systemEnvironment()): Command[] {
  return [
    status(terminal),
    history(terminal),
    switchover(terminal, environment),
    maintenance(terminal),
    resume(terminal),
    allowLoss(terminal),
  ];
}

export const crlOption = "the authority's list of revoked certificates (PEM)";
export const caOption = "the authority of the managers' certificates (PEM), where they speak TLS: HTTPS is asked then";

const about = (command: Command): Command =>
  command
    .requiredOption('--config <file>', 'the configuration of the group')
    .option('--ca <file>', caOption)
    .option('--crl <file>', crlOption)
    .option('--json', 'print JSON');

const managersOf = ({ config, ca, crl }: Options): Managers => new Managers({ ...readFailoverConfig(config), ca, crl });

/** Prints lines for people, or JSON for programs. */
const show = ({ out }: Terminal, { json }: Options, value: unknown, lines: () => readonly string[]): void =>
  out(json ? JSON.stringify(value) : lines().join('\n'));

const status = (terminal: Terminal): Command =>
  about(new Command('status').description('Tells how the group stands, by all managers that answer.')).action(
    async (options: Options) => {
      const found = await managersOf(options).status();
      show(terminal, options, found, () => statusLines(found));
      if (found.latest === undefined) throw noneAnswers(found.group);
    },
  );

const history = (terminal: Terminal): Command =>
  about(new Command('history').description('Prints which changes the group went through, the latest ones.')).action(
    async (options: Options) => {
      const found = await managersOf(options).history();
      show(terminal, options, found, () => historyLines(found.transitions));
    },
  );

const switchover = (terminal: Terminal, environment: Environment): Command =>
  about(
    new Command('switchover')
      .description('Lets another server be primary, without loss, and waits until it is.')
      .addArgument(new Argument('[server]', 'which one (default: the managers choose)').argParser(nameIn))
      .option('--timeout <seconds>', 'how long to wait', positiveIn, 30),
  ).action(async (server: string | undefined, options: Options & { readonly timeout: number }) => {
    const managers = managersOf(options);
    const before = await managers.status();
    const fromMs = environment.clock.nowMs();
    await managers.command('/failover/switchover', managerStatus, server === undefined ? {} : { target: server });
    const after = await until(managers, before, fromMs + options.timeout * 1_000, environment);
    const tookMs = Math.round(environment.clock.nowMs() - fromMs);
    const { primary, epoch } = after.standing;
    const now = primary?.server ?? null;
    show(terminal, options, { primary: now, epoch, tookMs }, () => [
      `${now} is primary of epoch ${epoch}, after ${tookMs} ms.`,
    ]);
    if (server === undefined || now === server) return;
    throw new NodeRequestError(
      'SWITCHOVER_ELSEWHERE',
      `expected '${server}' to be primary, got '${now}': it did not have all data in time, or died; see quorate failover history`,
    );
  });

/** Waits until a primary of a later epoch serves. @throws NodeRequestError when the time is over */
async function until(
  managers: Managers,
  before: GroupStatus,
  deadlineMs: number,
  { clock }: Environment,
): Promise<ManagerStatus> {
  const epoch = before.latest?.standing.epoch ?? 0;
  for (;;) {
    const { latest } = await managers.status();
    const isOver = latest !== undefined && latest.standing.epoch > epoch && latest.standing.primary !== null;
    if (isOver && ['settling', 'monitoring', 'manual'].includes(latest.standing.phase)) return latest;
    if (clock.nowMs() >= deadlineMs) {
      throw new NodeRequestError(
        'SWITCHOVER_PENDING',
        `expected another primary by now; the group is in phase '${latest?.standing.phase ?? 'unknown'}', and goes on: quorate failover status tells`,
      );
    }
    await pause(clock, pollMs);
  }
}

const maintenance = (terminal: Terminal): Command =>
  about(
    new Command('maintenance')
      .description('While it is on, no failover begins by itself.')
      .addArgument(new Argument('<on|off>', 'whether it is on').choices(['on', 'off'])),
  ).action(async (asked: 'on' | 'off', options: Options) => {
    const found = await managersOf(options).command('/failover/maintenance', managerStatus, { on: asked === 'on' });
    show(terminal, options, { maintenance: asked === 'on' }, () => [
      `Maintenance is ${asked}; the group is in phase '${found.standing.phase}'.`,
    ]);
  });

const resume = (terminal: Terminal): Command =>
  about(
    new Command('resume').description('Lets failovers begin by themselves again, after flapping or maintenance.'),
  ).action(async (options: Options) => {
    const found = await managersOf(options).command('/failover/resume', managerStatus);
    show(terminal, options, { phase: found.standing.phase }, () => [
      `The group is in phase '${found.standing.phase}'.`,
    ]);
  });

const allowLoss = (terminal: Terminal): Command =>
  about(
    new Command('allow-loss')
      .description('Lets a server be primary that may lack acknowledged writes, in the epoch under way alone.')
      .addArgument(new Argument('<epoch>', 'which epoch, as status tells').argParser(integerIn(1, 2 ** 31)))
      .addOption(
        new Option(
          '--off <servers...>',
          'those that are off, or reached by no client, of those that are not fenced',
        ).default([], 'none'),
      ),
  ).action(async (epoch: number, options: Options & { readonly off: readonly string[] }) => {
    await managersOf(options).command('/failover/allow-loss', v.unknown(), { epoch, off: options.off });
    show(terminal, options, { allowedLoss: epoch }, () => [
      `In epoch ${epoch} a primary may lack what was acknowledged; quorate failover history tells how much.`,
    ]);
  });
