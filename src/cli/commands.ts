/**
 * The commands of `quorate`, one file each; a new one is registered here. Only what is asked for is loaded: a node would
 * wait for the checker and all that is proven before it starts, else.
 */

import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

/** What commands are made with. */
export interface Surroundings {
  readonly terminal: Terminal;
  /** The file that processes of nodes run. */
  readonly program: string;
}

type Load = (surroundings: Surroundings) => Promise<Command>;

const commands: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['up', async ({ terminal, program }) => (await import('./up.ts')).upCommand(terminal, program)],
  ['node', async ({ terminal }) => (await import('./node.ts')).nodeCommand(terminal)],
  ['agree', async ({ terminal }) => (await import('./agree.ts')).agreeCommand(terminal)],
  ['member', async ({ terminal }) => (await import('./member.ts')).memberCommand(terminal)],
  ['namespace', async ({ terminal }) => (await import('./namespace.ts')).namespaceCommand(terminal)],
  ['status', async ({ terminal }) => (await import('./status.ts')).statusCommand(terminal)],
  ['rolling-restart', async ({ terminal }) => (await import('./rolling-restart.ts')).rollingRestartCommand(terminal)],
  ['doctor', async ({ terminal }) => (await import('./doctor.ts')).doctorCommand(terminal)],
  ['backup', async ({ terminal }) => (await import('./backup.ts')).backupCommand(terminal)],
  ['restore', async ({ terminal }) => (await import('./restore.ts')).restoreCommand(terminal)],
  ['recover', async ({ terminal }) => (await import('./recover.ts')).recoverCommand(terminal)],
  ['secret', async ({ terminal }) => (await import('./secret.ts')).secretCommand(terminal)],
  ['certs', async ({ terminal }) => (await import('./certs.ts')).certsCommand(terminal)],
  ['history', async ({ terminal }) => (await import('./history.ts')).historyCommand(terminal)],
  ['simulate', async ({ terminal }) => (await import('./simulate.ts')).simulateCommand(terminal)],
  ['compare', async ({ terminal, program }) => (await import('./compare.ts')).compareCommand(terminal, program)],
  ['check', async ({ terminal }) => (await import('./check.ts')).checkCommand(terminal)],
  ['open', async ({ terminal }) => (await import('./open.ts')).openCommand(terminal)],
  ['chart', async ({ terminal }) => (await import('./chart.ts')).chartCommand(terminal)],
  ['choose', async ({ terminal }) => (await import('./choose.ts')).chooseCommand(terminal)],
  ['incident', async ({ terminal }) => (await import('./incident.ts')).incidentCommand(terminal)],
  ['prove', async ({ terminal }) => (await import('./prove.ts')).proveCommand(terminal)],
  ['odds', async ({ terminal }) => (await import('./odds.ts')).oddsCommand(terminal)],
  ['failover', async ({ terminal }) => (await import('./failover.ts')).failoverCommand(terminal)],
  ['proxy', async ({ terminal }) => (await import('./proxy.ts')).proxyCommand(terminal)],
  ['txn', async ({ terminal }) => (await import('./txn.ts')).txnCommand(terminal)],
  [
    'completion',
    async (surroundings) => {
      const others = () =>
        Promise.all([...commands].flatMap(([name, load]) => (name === 'completion' ? [] : [load(surroundings)])));
      return (await import('./completion.ts')).completionCommand(surroundings.terminal, others);
    },
  ],
]);

/** The command that `args` begin with; all of them where they begin with none, which wants help or is misspelt. */
export function commandsFor([name = '']: readonly string[], surroundings: Surroundings): Promise<readonly Command[]> {
  const asked = commands.get(name);
  return Promise.all((asked === undefined ? [...commands.values()] : [asked]).map((load) => load(surroundings)));
}
