import type { Container } from '../state/containers.ts'

/** What a check is about: a container, and how it is spoken to. */
export type Subject = {
  readonly container: Pick<Container, 'name' | 'address' | 'process' | 'number' | 'appId'>
  /** The release's. */
  readonly port: number
  /** Sent as Host, so that an app that knows its domains answers. */
  readonly host: string
}

/** `web.1` */
export const placeOf = ({ process, number }: { process: string; number: number }): string =>
  `${process}.${number}`
