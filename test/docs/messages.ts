/** Tables of messages: what each says, and what every role of a chart does with it, by the rules that its transitions cite. */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { table } from '../../src/proof/tables.ts';
import type { PaxosMessage } from '../../statecharts/paxos.ts';

/** What the messages of a log's servers say; a message that is new has to say something. */
export const logMessages: Readonly<Record<PaxosMessage['type'], string>> = {
  prepare: 'promise me this ballot, for all slots from this one on',
  promise: 'promised; what I have accepted there, in parts, and how far it is chosen',
  accept: 'accept these entries at this ballot; with none, a heartbeat. How far all is chosen',
  accepted: 'accepted up to this slot',
  refused: 'a later ballot is promised, this one',
  beat: 'the ballot that I have promised, and whether I am led',
  standNow: 'stand for election, in my place',
  installSnapshot: 'what you need is compacted: fetch this snapshot',
  snapshotReply: 'how I stand with the snapshot',
};

/** The table of messages of a chart whose outermost states are its roles. A cell is empty where a role ignores the message. */
export function messagesTable(chart: AnyStateMachine, says: Readonly<Record<string, string>>): string {
  const roles = Object.values<AnyStateNode>(chart.root.states);
  const rows = Object.entries(says).map(([type, text]) => [
    `\`${type}\``,
    text,
    ...roles.map((role) => rulesFor(type, role).join(', ')),
  ]);
  return table(['message', 'what it says', ...roles.map(({ key }) => key)], rows);
}

/** What a role does with a message: the rules that it cites, wherever it stands, and `handled` where it cites none. */
function rulesFor(type: string, node: AnyStateNode): string[] {
  const own = (node.transitions.get(type) ?? []).flatMap(({ actions, meta, target }) => {
    const isIgnored = actions.length === 0 && target === undefined && meta === undefined;
    const rule: unknown = meta?.rule;
    return isIgnored ? [] : [typeof rule === 'string' ? rule.replace(/:.*$/s, '') : 'handled'];
  });
  const deeper = Object.values<AnyStateNode>(node.states).flatMap((child) => rulesFor(type, child));
  return [...new Set([...own, ...deeper])];
}
