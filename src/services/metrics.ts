/** What nodes and transaction managers tell Prometheus, for applications that run them by themselves, with `prom-client`. */

export type { LinkSource } from './metrics/links.ts';
export { addNodeMetrics, type NodeMetricsParts } from './metrics/node.ts';
export { addTransactionMetrics } from './metrics/transactions.ts';
