/** How container instances of Azure are reached, in the names that dm-job has for it. */
export interface AzureSettings {
  /** Of the service principal. */
  readonly secret: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** `norwayeast`; undefined for that of the resource group. */
  readonly location: string | undefined;
}

/** The variable that holds the secret. */
const AZURE_SECRET = 'AZURE_SP_SECRET';
const NAMES = {
  secret: AZURE_SECRET,
  subscriptionId: 'AZURE_JOB_SUBSCRIPTION',
  resourceGroup: 'AZURE_JOB_RESOURCE_GROUP',
  tenantId: 'AZURE_JOB_TENANT_ID',
  clientId: 'AZURE_JOB_CLIENT_ID',
} as const;

/** Settings, or the names of the variables that are missing, and whether others are there. No value is ever told. */
export function readAzureSettings(
  environment: Readonly<Record<string, string | undefined>>,
):
  | { readonly settings: AzureSettings }
  | { readonly missing: readonly string[]; readonly isBegun: boolean } {
  const missing = Object.values(NAMES).filter((name) => !environment[name]);
  const isBegun = missing.length < Object.keys(NAMES).length;
  if (missing.length > 0) return { missing, isBegun };
  const read = (field: keyof typeof NAMES): string => environment[NAMES[field]] ?? '';
  return {
    settings: {
      secret: read('secret'),
      subscriptionId: read('subscriptionId'),
      resourceGroup: read('resourceGroup'),
      tenantId: read('tenantId'),
      clientId: read('clientId'),
      location: environment['AZURE_JOB_LOCATION'] || undefined,
    },
  };
}

/** What a server is told that has not all of them. */
export function azureNeeds(missing: readonly string[]): string {
  const all = Object.values(NAMES);
  const which = missing.length === all.length ? all : missing;
  return `${which.join(', ')} in the environment of the server`;
}
