import type { ContainerInstanceManagementClient } from '@azure/arm-containerinstance';
import type { ClientSecretCredentialOptions } from '@azure/identity';
import { RowmillError } from '../../engine/errors.ts';
import type { AzureSettings } from './azure-settings.ts';

/** Where requests really go to: for tests, which have no Azure. */
export interface AzureRoute {
  /** Every request of the libraries passes it last. */
  readonly policy: NonNullable<
    ClientSecretCredentialOptions['additionalPolicies']
  >[number]['policy'];
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** What speaks to Azure for a service principal. */
interface AzureClient {
  readonly client: ContainerInstanceManagementClient;
  /** Where the resource group is. */
  location(signal: AbortSignal): Promise<string>;
}

const PACKAGES = 'npm install @azure/arm-containerinstance@9 @azure/identity@4';
const SCOPE = 'https://management.azure.com/.default';

/**
 * Loads the libraries, which are 57 MB and not installed with this package. Throws `executor_unavailable`
 * where they are not there.
 */
export async function openAzure(
  { tenantId, clientId, secret, subscriptionId, resourceGroup }: AzureSettings,
  route?: AzureRoute,
): Promise<AzureClient> {
  const [arm, identity] = await Promise.all([
    import('@azure/arm-containerinstance'),
    import('@azure/identity'),
  ]).catch((cause: unknown) => {
    const message = `Azure takes two packages that do not come with this one: ${PACKAGES}`;
    throw new RowmillError('executor_unavailable', message, { cause });
  });
  const credential = new identity.ClientSecretCredential(tenantId, clientId, secret, {
    ...(route && { additionalPolicies: [{ policy: route.policy, position: 'perRetry' }] }),
  });
  const client = new arm.ContainerInstanceManagementClient(credential, subscriptionId);
  if (route !== undefined) client.pipeline.addPolicy(route.policy, { afterPhase: 'Sign' });
  const { fetch = globalThis.fetch } = route ?? {};
  return {
    client,
    async location(signal) {
      const group = `subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}`;
      const token = await credential.getToken(SCOPE, { abortSignal: signal });
      const answer = await fetch(`${client.$host}/${group}?api-version=2021-04-01`, {
        headers: { authorization: `Bearer ${token.token}` },
        signal,
      });
      const text = await answer.text();
      const found = /"location"\s*:\s*"([\w-]+)"/.exec(text)?.[1];
      if (answer.ok && found !== undefined) return found;
      const why = text.slice(0, 300);
      throw new Error(
        `the resource group ${resourceGroup}: Azure answered ${answer.status}: ${why}`,
      );
    },
  };
}
