import { once } from 'node:events'
import type { Server } from 'node:http'
import { execa } from 'execa'

/**
 * Makes `server` listen where the steps of a build reach it: at this machine's address in Docker's default network,
 * where the instance has it in PAAS_REACHABLE.
 */
export async function buildGateway(
  server: Server,
): Promise<{ readonly host: string; readonly port: number }> {
  const format = '{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}'
  const { stdout } = await execa('docker', ['network', 'inspect', 'bridge', '--format', format])
  // Docker takes the first address where nothing says another.
  const host = stdout.replace(/\.0\/\d+$/, '.1')
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return { host, port: address.port }
}
