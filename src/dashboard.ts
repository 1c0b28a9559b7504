/** A page on which nodes, simulated runs and counterexamples are seen: roles, charts, messages, and time. */

export type { FeedHead, FeedItem, FeedSource, Recording, Shown, ShownActor } from './dashboard/feed.ts';
export type { LiveServer } from './dashboard/live-server.ts';
export { PagePortError, PagesMissingError } from './dashboard/page-server.ts';
export { type DashboardOptions, serveDashboard } from './dashboard/serve.ts';
