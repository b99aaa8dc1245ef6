import java.util.Timer;
import org.apache.spark.SparkContext;

/** A job whose main method is over while a thread of its own lives: a Timer's is no daemon. Spark 3.5 and later. */
public final class Stuck {
    public static void main(String[] how) throws Exception {
        SparkContext context = new SparkContext();
        System.in.read(); // until somebody has seen that the context is there
        context.stop();
        new Timer();
        if (how[0].equals("throw")) {
            throw new IllegalStateException("on purpose");
        }
    }
}
