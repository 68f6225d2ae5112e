import type { CallOptions, Client } from './client.ts'
import { NotFoundError } from './engine-errors.ts'

/** Puts a container into one more network, running or not. Nothing happens where it is in there; `NotFoundError` where it is going. */
export async function join(
  client: Client,
  { network, container, address }: { network: string; container: string; address: string | undefined },
  options: CallOptions = {},
): Promise<void> {
  const EndpointConfig = address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }
  try {
    await client.call('joining the network', options, (abortSignal) => {
      // The driver takes the signal here as everywhere; its types do not say so.
      const body = { Container: container, EndpointConfig, abortSignal }
      return client.docker.getNetwork(network).connect(body)
    })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (/marked for removal/.test(error.message)) throw new NotFoundError(error.message, { cause: error })
    if (!/already exists in network/.test(error.message)) throw error
  }
}
