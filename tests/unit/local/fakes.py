"""A backend that only remembers what was asked of it."""


class FakeBackend:
    def __init__(self, *, running: bool = False) -> None:
        self.running = running
        self.endpoint_for_functions = "http://localstack"
        self.payment_url_for_functions = "http://payments"

    def start(self) -> None:
        self.running = True

    def stop(self) -> bool:
        stopped, self.running = self.running, False
        return stopped

    def is_running(self) -> bool:
        return self.running
