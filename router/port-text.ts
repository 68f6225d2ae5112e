/** A port as it stands in a URL, where it is not the `usual` one. */
export const portText = (port: number, usual: number): string => (port === usual ? '' : `:${port}`)
