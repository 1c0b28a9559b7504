/** `quorate failover`: runs a manager of a group of servers, and tells and changes how the group stands. */

import { Command } from 'commander';
import { withDashboard } from './dashboard.ts';
import { tell } from './errors.ts';
import { readFailoverConfig } from './failover/config/read.ts';
import { caOption, crlOption, operatorCommands } from './failover/operator.ts';
import type { RunOptions } from './failover/run.ts';
import { withTls } from './node/tls-files.ts';
import { integerIn, nodeIdIn } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
The file says what the group, its managers and its servers are; examples/redis-failover.json is one. Start a manager on each
machine; without --id it is the first of the file that belongs on this machine and does not run yet:

  $ quorate failover --config examples/redis-failover.json        (three times, in three terminals)
  $ quorate failover status --config examples/redis-failover.json

Managers prove to each other that they hold the secret in "secretFile"; where all of them are on one machine, the first one
that runs makes it. With --ca, --cert and --key all is encrypted, and a manager shows a certificate that names it; they are read
again every 10 s. Without them managers listen on other addresses than loopback only with --insecure:

  $ quorate certs --cluster failover-orders m1=10.0.0.1 m2=10.0.0.2 m3=10.0.0.3     (the group is "orders")
  $ quorate failover --config orders.json --id m1 --ca certs/ca.pem --cert certs/m1.pem --key certs/m1.key.pem
  $ quorate failover status --config orders.json --ca certs/ca.pem

The log goes to the standard output: JSON, one line each, or lines for people in a terminal.

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 could not start or had to stop (the line says why), 2 wrong options or
configuration.`;

/** Makes the command. */
export function failoverCommand(terminal: Terminal): Command {
  const command = withTls(withDashboard(new Command('failover')), 'the manager')
    .summary('keep a primary among Redis, PostgreSQL or own servers')
    .description('Runs a manager of a group of servers, until SIGINT or SIGTERM.')
    .option('--config <file>', 'the configuration of the group')
    .option('--id <id>', 'which manager of the file (default: the first that does not run yet here)', nodeIdIn)
    .option('--inspect [port]', 'serve the Stately Inspector, on any free port by default', integerIn(0, 65_535))
    .addHelpText('after', help)
    .action(async ({ config, ...rest }: Partial<RunOptions>, command: Command) => {
      if (config === undefined) return command.error("error: required option '--config <file>' not specified");
      // A disk that stalls, or a socket that lingers, must not keep a stopped manager alive.
      process.exit(await run({ config, ...rest }, terminal));
    })
    .addCommand(doctorCommand(terminal));
  for (const below of operatorCommands(terminal)) command.addCommand(below);
  return command;
}

interface DoctorOptions {
  readonly config: string;
  readonly ca?: string;
  readonly crl?: string;
  readonly json?: boolean;
}

function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('Examines managers, servers and their settings, and says what would block a failover.')
    .requiredOption('--config <file>', 'the configuration of the group')
    .option('--ca <file>', caOption)
    .option('--crl <file>', crlOption)
    .option('--json', 'print JSON')
    .action(async ({ config, ca, crl, json = false }: DoctorOptions) => {
      const { examine } = await import('./failover/doctor.ts');
      process.exitCode = await examine({ ...readFailoverConfig(config), ca, crl }, json, terminal);
    });
}

async function run(options: RunOptions, terminal: Terminal): Promise<number> {
  try {
    const { runManager } = await import('./failover/run.ts');
    return await runManager(options, terminal);
  } catch (error) {
    return tell(error, terminal);
  }
}
