/** docker's flags about the network, for build and run. */
import { list, text } from './flags.ts';

export const NETWORK_FLAGS = {
  'add-host': list({
    description: 'A line for /etc/hosts; host-gateway is this machine',
    helpValue: 'host:ip',
  }),
  network: text({
    description: "The network: default and host (this machine's), none, pasta or slirp4netns",
    helpValue: 'string',
  }),
} as const;

export const DNS_FLAGS = {
  dns: list({ description: 'A name server', helpValue: 'ip' }),
  'dns-option': list({ description: 'An option of resolv.conf', helpValue: 'string' }),
  'dns-search': list({ description: 'A search domain', helpValue: 'string' }),
} as const;
