/** The options that say what an acknowledgement of a store by primary-backup is worth; alike wherever nodes are started. */

import { type Command, InvalidArgumentError } from 'commander';
import { mostLoss } from '../../statecharts/primary-backup/configuration.ts';
import { isMode, type Mode, modes } from '../../statecharts/replication/modes.ts';
import { type Durability, defaultMaxLoss } from '../services/store/log/primary-backup/founding.ts';
import { durabilityIn } from '../services/store/log/protocol-names.ts';
import { integerIn } from './options.ts';

/** Reads when a store by primary-backup acknowledges a write. @throws InvalidArgumentError */
export function modeIn(text: string): Mode {
  if (isMode(text)) return text;
  throw new InvalidArgumentError(`There is no mode '${text}' of a store; there are: ${modes.join(', ')}.`);
}

/** More replicas than this have never been asked for. */
const mostInSync = 100;

/** Adds the options to a command that starts nodes. */
export const withDurability = (command: Command): Command =>
  command
    .option(
      '--mode <name>',
      `of primary-backup: who holds a write before it is acknowledged, all in sync (${modes[0]}), a majority of them (${modes[1]}), or the primary alone (${modes[2]}); the same on all nodes (default: what the data says, or ${modes[0]})`,
      modeIn,
    )
    .option(
      '--max-loss <entries>',
      `of primary-backup: how many entries that were acknowledged by the primary alone a failover may lose (default: what the data says, or ${defaultMaxLoss} in mode async, else 0)`,
      integerIn(0, mostLoss),
    )
    .option(
      '--min-in-sync <nodes>',
      'of primary-backup: while fewer are in sync, nothing is acknowledged (default: what the data says, or 1)',
      integerIn(1, mostInSync),
    );

/** The same options for another command. */
export const durabilityArguments = (durability: Durability): readonly string[] =>
  Object.entries(optionOf).flatMap(([part, option]) => {
    const value = Object.entries(durabilityIn(durability)).find(([name]) => name === part)?.[1];
    return value === undefined ? [] : [option, String(value)];
  });
const optionOf = { mode: '--mode', maxLoss: '--max-loss', minInSync: '--min-in-sync' } as const;
