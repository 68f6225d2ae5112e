import { createHash } from 'node:crypto'

/**
 * What the router compares a visitor's name and password with. The app's id in it keeps equal passwords of two apps
 * apart; that it is quick to compute is the price of asking with each request, so passwords must be long.
 */
export const visitorDigest = (appId: string, name: string, password: string): string =>
  createHash('sha256').update(`${appId}:${name}:${password}`).digest('hex').toUpperCase()
