/** Changes of role as a node of a store tells them: of the actor that keeps its log alone, whichever protocol that is of. */

import { filter, map, type Observable } from 'rxjs';
import { addressOf } from '../../../statecharts/actor.ts';
import type { Node } from '../../host/node.ts';
import type { RoleChange } from '../../host/role-change.ts';
import type { LogProtocolName } from '../store/log/protocol-names.ts';
import { logProtocols } from '../store/log/protocols.ts';

/** The role of the one that takes proposals is `leader` in all protocols. */
export function roleChangesOf(node: Node, protocol: LogProtocolName, key: string): Observable<RoleChange> {
  const { serverName, leadingRole } = logProtocols[protocol];
  const server = addressOf(node.id, serverName, key);
  const nameOf = (role: string | undefined) => (role === leadingRole ? 'leader' : role);
  return node.roleChanges.pipe(
    filter(({ actor }) => actor === server),
    map((change) => ({ ...change, role: nameOf(change.role), former: nameOf(change.former) })),
  );
}
