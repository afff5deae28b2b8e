import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Starts Amazon DynamoDB Local on 127.0.0.1 and a free port, and writes the port to a file once it listens.
 *
 * <p>DynamoDB Local's own command line listens on every interface and can be given no host, so the connector of its
 * web server is changed before it is started.
 *
 * <p>Arguments: the file for the port, then the arguments of DynamoDB Local itself.
 */
public final class DynamoDbLocal {
    private DynamoDbLocal() {}

    /** Runs until the process is stopped. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            System.err.println("DynamoDbLocal: name the file that the port is to be written to");
            System.exit(2);
        }
        Path portFile = Path.of(arguments[0]);
        String[] serverArguments = new String[arguments.length - 1];
        System.arraycopy(arguments, 1, serverArguments, 0, serverArguments.length);

        DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(serverArguments);
        ServerConnector connector = onlyConnector(proxy);
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        proxy.safeStart();
        writeAtomically(portFile, Integer.toString(connector.getLocalPort()));
        proxy.join();
    }

    private static ServerConnector onlyConnector(DynamoDBProxyServer proxy) throws ReflectiveOperationException {
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        Connector[] connectors = ((Server) field.get(proxy)).getConnectors();
        if (connectors.length != 1 || !(connectors[0] instanceof ServerConnector)) {
            throw new IllegalStateException("this version of DynamoDB Local has no single web connector to bind to loopback");
        }
        return (ServerConnector) connectors[0];
    }

    private static void writeAtomically(Path file, String text) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        Files.writeString(partial, text);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
