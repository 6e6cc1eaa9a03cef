"""A host on an emulated line, in virtual time."""

from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.wire import packets, registers
from bt_robot.robot.so101.wire.registers import decode, encode
from bt_robot.robot.so101.wire.replies import ReplyParser

IDS = (1, 2, 3, 4, 5, 6)
START_S = 1000.0
BYTE_S = 10e-6


class Host:
    def __init__(self, servos=None, plant=None, **options):
        self.plant = plant or FirstOrderPlant()
        self.line = Line(emulated_servos() if servos is None else servos, self.plant, **options)
        self.now_s = START_S
        self.line.advance(self.now_s)

    @property
    def faults(self):
        return self.line.faults

    @property
    def log(self):
        return self.line.log

    def servo(self, servo_id):
        return self.line.servo(servo_id)

    def run(self, seconds):
        """Let time pass; return what arrives."""
        self.now_s += seconds
        return self.line.transmit(self.now_s)

    def ask(self, request, wait_s=0.01):
        """Send bytes; return all that arrives within a time."""
        self.line.receive(request, self.now_s)
        return self.run(wait_s)

    def replies(self, request, ids, length, wait_s=0.01):
        parser = ReplyParser(ids, length)
        parser.feed(self.ask(request, wait_s))
        return parser.replies

    def states(self, ids=IDS):
        """Every servo's state by id, from one sync read."""
        request = packets.sync_read(registers.BLOCK_ADDRESS, registers.BLOCK_LENGTH, ids)
        replies = self.replies(request, ids, registers.BLOCK_LENGTH)
        return {i: registers.parse_state(i, reply.error, reply.data) for i, reply in replies.items()}

    def state(self, servo_id=1):
        return self.states((servo_id,))[servo_id]

    def read(self, register, servo_id=1):
        reply = self.replies(
            packets.read(servo_id, register.address, register.width), (servo_id,), register.width, 0.002
        )[servo_id]
        return decode(register, reply.data)

    def write(self, register, value, servo_id=1):
        """Write a register; return the acknowledgement, or None."""
        request = packets.write(servo_id, register.address, encode(register, value))
        return self.replies(request, (servo_id,), 0, 0.002).get(servo_id)

    def sync_write(self, register, values):
        self.ask(packets.sync_write(register.address, {i: encode(register, v) for i, v in values.items()}), 0.001)

    def goal(self, ticks, servo_id=1):
        self.sync_write(registers.GOAL_POSITION, {servo_id: ticks})

    def hold(self, servo_id=1):
        """Switch a servo on where it stands."""
        self.goal(self.state(servo_id).position, servo_id)
