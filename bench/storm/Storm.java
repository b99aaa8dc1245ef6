import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider;

/**
 * Executors without codriver: each its own provider of AWS's SDK, the one that S3A takes for a web identity, all at once. Prints
 * how each ended: «ok SECONDS», or «failed SECONDS MESSAGE». Usage: Storm EXECUTORS TOKEN_FILE ROLE
 */
public class Storm {
    public static void main(String[] arguments) throws Exception {
        int executors = Integer.parseInt(arguments[0]);
        List<AwsCredentialsProvider> providers = new ArrayList<>();
        for (int i = 0; i < executors; i++) {
            providers.add(WebIdentityTokenFileCredentialsProvider.builder()
                    .webIdentityTokenFile(Path.of(arguments[1])).roleArn(arguments[2]).roleSessionName("executor-" + i).build());
        }
        ExecutorService threads = Executors.newFixedThreadPool(executors);
        CountDownLatch start = new CountDownLatch(1);
        List<Future<String>> ends = new ArrayList<>();
        for (AwsCredentialsProvider provider : providers) {
            ends.add(threads.submit(() -> {
                start.await();
                long began = System.nanoTime();
                try {
                    provider.resolveCredentials();
                    return "ok " + (System.nanoTime() - began) / 1e9;
                } catch (Exception e) {
                    return "failed " + (System.nanoTime() - began) / 1e9 + " " + e.getMessage().replace('\n', ' ');
                }
            }));
        }
        start.countDown();
        for (Future<String> end : ends) {
            System.out.println(end.get());
        }
        System.exit(0);
    }
}
