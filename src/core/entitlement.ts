/** What steps of a build may ask for only where whoever builds says so (`--allow`). */
export type Entitlement = 'network.host' | 'security.insecure';
