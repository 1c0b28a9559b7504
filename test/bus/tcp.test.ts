import { busConformance } from './conformance.ts';
import { startTcpCluster } from './tcp-cluster.ts';

busConformance('TCP', ({ nodes, queueLimit = 16_384 }) => startTcpCluster(nodes, () => ({ limits: { queueLimit } })));
