/** `quorate member`: who takes part in a cluster, each change of that, and who leads. It asks over HTTP. */

import { Command } from 'commander';
import * as v from 'valibot';
import type { HostPort } from '../bus/tcp.ts';
import { type LogMembers, logMembers } from '../services/store/log/members.ts';
import { ask } from './node-question.ts';
import { type AskedNode, withAccess } from './node-request.ts';
import { nodeIdIn, nodeOption, peerIn } from './options.ts';
import type { Terminal } from './terminal.ts';

const help = `
A node whose disk is gone cannot come back under its name: it has forgotten its votes. Start a new one in its place, under
an id that the cluster never had, with an empty directory, and then let it join:

  $ quorate node --id n4 --join --listen 10.0.0.4:4801 --http 10.0.0.4:4701 --data /var/lib/quorate \\
      --secret-file /etc/quorate/secret --peer n1=10.0.0.1:4801 --peer n2=10.0.0.2:4801 \\
      --ca /etc/quorate/ca.pem --cert /etc/quorate/n4.pem --key /etc/quorate/n4.key.pem
  $ quorate member replace n3 n4=10.0.0.4:4801

The new node is sent the data first, and votes when it has it; the old one is refused for ever. A majority of the voters
must run: without one nothing happens. From then on the nodes know by their data who takes part and where, whatever
--peer says.

A cluster grows by a node that learns, and votes once it has caught up; it shrinks as long as enough of those who stay
answer:

  $ quorate member add n4=10.0.0.4:4801
  $ quorate member promote n4
  $ quorate member remove n1

A node that will listen elsewhere: say so, stop it, and start it there.

  $ quorate member move n2=10.0.0.7:4801

A node that is stopped cleanly while it leads lets another one lead first. To choose which, or before something else that
takes a node away for a while:

  $ quorate member transfer n2

Exit codes: 0 done, 1 refused, or not known whether it was done (the line says which), 2 wrong options.`;

interface Asked extends AskedNode {
  readonly json: boolean;
}

/** Makes the command. */
export function memberCommand(terminal: Terminal): Command {
  const about = (command: Command): Command =>
    withAccess(command).addOption(nodeOption()).option('--json', 'tell the result as JSON', false);
  const list = about(new Command('list').description('Prints who takes part, and where.')).action(
    async (options: Asked) => {
      const members = await ask(options, membersQuestion);
      terminal.out(options.json ? JSON.stringify(members) : tableOf(members));
    },
  );
  const replace = about(
    new Command('replace')
      .description('Lets a node that was started with --join take the place of another, for good.')
      .argument('<old>', 'the node that leaves', nodeIdIn)
      .argument('<new=host:port>', 'the node that joins, and where it listens for other nodes', (text) => peerIn(text)),
  ).action(async (old: string, joining: ReadonlyMap<string, HostPort>, options: Asked) => {
    for (const [id, place] of joining) {
      const json = { old, new: { id, ...bodyOfPlace(place) } };
      const members = await ask(options, { ...replacement, json });
      terminal.out(
        options.json ? JSON.stringify(members) : `${id} has taken the place of ${old}.\n${tableOf(members)}`,
      );
    }
  });
  const add = about(
    new Command('add')
      .description('Lets a node that was started with --join learn the data, without a vote.')
      .argument('<new=host:port>', 'the node, and where it listens for other nodes', (text) => peerIn(text)),
  ).action((added: ReadonlyMap<string, HostPort>, options: Asked) => placing('add', added, options, 'learns'));
  const move = about(
    new Command('move')
      .description('Tells the cluster that a node listens elsewhere.')
      .argument('<node=host:port>', 'the node, and where it listens for other nodes', (text) => peerIn(text)),
  ).action((moved: ReadonlyMap<string, HostPort>, options: Asked) =>
    placing('move', moved, options, 'is reached there'),
  );
  const promote = about(
    new Command('promote')
      .description('Lets a node that learns, and has caught up, vote.')
      .argument('<node>', 'the node', nodeIdIn),
  ).action((id: string, options: Asked) => changing('promote', { id }, options, 'votes'));
  const remove = about(
    new Command('remove').description('Removes a node, for good.').argument('<node>', 'the node', nodeIdIn),
  ).action((id: string, options: Asked) => changing('remove', { id }, options, 'has left'));
  const changing = async (
    kind: Change,
    node: { readonly id: string },
    options: Asked,
    becomes: string,
  ): Promise<void> => {
    const members = await ask(options, { ...change(kind), json: node });
    terminal.out(options.json ? JSON.stringify(members) : `${node.id} ${becomes}.\n${tableOf(members)}`);
  };
  const placing = async (
    kind: Change,
    nodes: ReadonlyMap<string, HostPort>,
    options: Asked,
    becomes: string,
  ): Promise<void> => {
    for (const [id, place] of nodes) await changing(kind, { id, ...bodyOfPlace(place) }, options, becomes);
  };
  const transfer = about(
    new Command('transfer')
      .description('Lets another node lead, within some round trips.')
      .argument('[node]', 'the node that should lead (default: one of those that have most of the data)', nodeIdIn),
  ).action(async (to: string | undefined, options: Asked) => {
    const { leader } = await ask(options, { ...succession, json: to === undefined ? {} : { to } });
    terminal.out(options.json ? JSON.stringify({ leader }) : `${leader} leads.`);
  });
  return new Command('member')
    .summary('who takes part in a cluster, changes of that, and who leads')
    .description(
      'Tells who takes part in a cluster, adds, removes, replaces and moves nodes, and lets another one lead.',
    )
    .addHelpText('after', help)
    .addCommand(list)
    .addCommand(add)
    .addCommand(promote)
    .addCommand(remove)
    .addCommand(replace)
    .addCommand(move)
    .addCommand(transfer);
}

const membersQuestion = { method: 'GET', path: '/members', answer: logMembers, ifUnknown: 'ask again' } as const;
const replacement = {
  method: 'POST',
  path: '/members/replace',
  answer: logMembers,
  ifUnknown: 'the change may go on: quorate member list tells, and the same command waits for it',
} as const;
type Change = 'add' | 'promote' | 'remove' | 'move';
const change = (kind: Change) => ({ ...replacement, path: `/members/${kind}` }) as const;
const succession = {
  method: 'POST',
  path: '/members/leader',
  answer: v.object({ leader: v.string() }),
  ifUnknown: 'another node may lead by now: GET /status of the nodes tells',
} as const;

/** A place as HTTP takes it. */
const bodyOfPlace = ({ host, port }: HostPort): { readonly host: string; readonly port: number } => ({
  host: host.includes(':') ? `[${host}]` : host,
  port,
});

/** One line for each node. */
function tableOf({ voters, nextVoters, learners, change, retired, places }: LogMembers): string {
  const all = [...new Set([...voters, ...(nextVoters ?? []), ...learners])].sort();
  const lines = all.map((id) => {
    const isVoter = voters.includes(id);
    const willVote = nextVoters === null ? isVoter : nextVoters.includes(id);
    const role = learners.includes(id) ? 'learns' : isVoter && !willVote ? 'leaves' : isVoter ? 'votes' : 'joins';
    return `${id}  ${role.padEnd(6)}  ${places[id] ?? ''}`.trimEnd();
  });
  const left = retired.map((id) => `${id}  left for good`);
  const underWay = change === null ? [] : [`${change.joining} is to take the place of ${change.leaving}`];
  return [...lines, ...left, ...underWay].join('\n');
}
