// SPDX-License-Identifier: Apache-2.0
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Looks names up with Java's resolver. Prints for each: the name, its first address or "-", and the milliseconds. */
public class LookUp {
    public static void main(String[] names) {
        for (String name : names) {
            long begin = System.currentTimeMillis();
            String text = "-";
            try {
                text = InetAddress.getAllByName(name)[0].getHostAddress();
            } catch (UnknownHostException e) {
                text = "-";
            }
            System.out.println(name + " " + text + " " + (System.currentTimeMillis() - begin));
        }
    }
}
