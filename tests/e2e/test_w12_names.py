"""W12: on the default bridge an address answers and a name does not."""


def test_w12_address_answers_name_does_not(world):
    world.docker("run", "-dit", "--name", "bbox01", "busybox")
    world.docker("run", "-dit", "--name", "bbox05", "busybox")
    address = world.inspect("bbox01")["NetworkSettings"]["IPAddress"]
    assert " 0% packet loss" in world.exec("bbox05", f"ping -c 2 -W 2 {address}").out
    by_name = world.docker("exec", "bbox05", "timeout", "20", "ping", "-c", "1", "-W", "1", "bbox01", check=False, timeout=40)
    assert by_name.code != 0 and "bad address 'bbox01'" in by_name.out + by_name.err
    # Docker keeps its own resolver off the default bridge.
    assert "127.0.0.11" not in world.exec("bbox05", "cat /etc/resolv.conf").out
